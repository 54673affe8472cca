import type { Log } from '../../src/log.ts';
import { onCleanUp } from '../support/clean-up.ts';
import { Connection } from '../support/connection.ts';
import { startService } from '../support/holdline.ts';
import { join, type Member } from '../support/member.ts';

export interface Fuzzed {
  readonly url: string;
  readonly alice: Member;
  readonly bob: Member;
  /** What the service has logged as its own fault. */
  readonly faults: readonly unknown[];
}

/** A service that holds one poll, of somebody whom nobody bothers, and may hold no other: no answer takes time. */
export async function fuzzedService(): Promise<Fuzzed> {
  const faults: unknown[] = [];
  const note = (fields: unknown): void => void faults.push(fields);
  const ignore = (): void => undefined;
  const log = { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: note, fatal: note } as unknown as Log;
  const settings = { maxHeldPolls: 1, rateLimit: 'off', maxMessageBytes: 4_096, maxStoreBytes: 16_777_216 } as const;
  const { service, url } = await startService(settings, { log });
  const keeper = await join(url, 'kept', 'keeper');
  const connection = await Connection.open(url);
  onCleanUp(() => connection.reset());
  await Promise.all([
    service.hold('keeper', async () => {
      connection.request('GET', '/v1/rooms/kept/messages?wait=300', { token: keeper.token });
      return new Promise(() => undefined);
    }),
  ]);
  return { url, alice: await join(url, 'room', 'alice'), bob: await join(url, 'room', 'bob'), faults };
}
