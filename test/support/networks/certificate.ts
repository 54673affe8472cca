import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '../server-process.ts';

export interface Certificate {
  readonly certificatePath: string;
  readonly keyPath: string;
  /** Certificate and key in one file, as haproxy requires. */
  readonly bothPath: string;
  /** The certificate that a client must trust, in PEM. */
  readonly pem: string;
}

/** A self-signed certificate for these addresses. */
export function makeCertificate(addresses: readonly string[]): Certificate {
  const directory = temporaryDirectory();
  const certificatePath = join(directory, 'certificate.pem');
  const keyPath = join(directory, 'key.pem');
  const bothPath = join(directory, 'both.pem');
  const names = addresses.map((address) => `IP:${address}`).join(',');
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', keyPath];
  const subject = ['-subj', '/CN=holdline.test', '-addext', `subjectAltName=${names}`, '-days', '2'];
  execFileSync('openssl', ['req', '-x509', ...key, ...subject, '-out', certificatePath], { stdio: 'pipe' });
  execFileSync('sh', ['-c', 'cat "$1" "$2" > "$3"', 'sh', certificatePath, keyPath, bothPath]);
  return { certificatePath, keyPath, bothPath, pem: readFileSync(certificatePath, 'utf8') };
}
