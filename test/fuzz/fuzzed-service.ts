import type { Log } from '../../src/log.ts';
import { onCleanUp } from '../support/clean-up.ts';
import { Connection } from '../support/connection.ts';
import { startService } from '../support/holdline.ts';
import { join, type Member } from '../support/member.ts';

export interface FuzzedService {
  readonly url: string;
  readonly alice: Member;
  readonly bob: Member;
  /** The errors that the service has logged. */
  readonly faults: readonly unknown[];
}

/** A service at its limit of one held poll: every request of the fuzzer is answered at once. */
export async function fuzzedService(): Promise<FuzzedService> {
  const faults: unknown[] = [];
  const recordFault = (fields: unknown): void => void faults.push(fields);
  const ignore = (): void => undefined;
  const log = {
    trace: ignore,
    debug: ignore,
    info: ignore,
    warn: ignore,
    error: recordFault,
    fatal: recordFault,
  } as unknown as Log;
  const settings = { maxHeldPolls: 1, rateLimit: 'off', maxMessageBytes: 4_096, maxStoreBytes: 16_777_216 } as const;
  const { service, url } = await startService(settings, { log });
  const holder = await join(url, 'held', 'holder');
  const connection = await Connection.open(url);
  onCleanUp(() => connection.reset());
  await Promise.all([
    service.hold('holder', async () => {
      connection.request('GET', '/v1/rooms/held/messages?wait=300', { token: holder.token });
      return new Promise(() => undefined);
    }),
  ]);
  return { url, alice: await join(url, 'room', 'alice'), bob: await join(url, 'room', 'bob'), faults };
}
