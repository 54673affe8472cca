import { hash, timingSafeEqual } from 'node:crypto';
import type { ApiKey } from '../../signalling/credential.ts';

interface Stored {
  readonly digest: Buffer;
  readonly credential: ApiKey;
}

const digestOf = (key: string): Buffer => hash('sha256', key, 'buffer');

/** Kept as hashes, so that neither a heap dump nor the time that a comparison takes tells a key. */
export class ApiKeys {
  readonly #stored: readonly Stored[];

  constructor(keys: readonly string[]) {
    this.#stored = keys.map((key) => {
      const digest = digestOf(key);
      return { digest, credential: { kind: 'api-key', name: digest.toString('base64url', 0, 9) } };
    });
  }

  /** Compares with every key, whichever it is. */
  find(text: string): ApiKey | undefined {
    const given = digestOf(text);
    let found: ApiKey | undefined;
    for (const { digest, credential } of this.#stored) if (timingSafeEqual(digest, given)) found = credential;
    return found;
  }
}
