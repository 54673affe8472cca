import { setTimeout as pause } from 'node:timers/promises';
import { HttpClient } from '../load/http-client.ts';
import { requestJson } from '../load/json-client.ts';
import { SwitchingReader } from './reader.ts';
import { NumberTally } from './tally.ts';

const SEND_EVERY_MS = 10;

export interface SwitchCounts {
  switches: number;
  messages: number;
  lost: number;
  doubled: number;
  reordered: number;
  /** Copies that deduplication by id dropped. */
  copies: number;
  expired: number;
  readonly errors: string[];
}

/**
 * One sender sends numbers steadily; one reader receives them and changes between poll and socket this many times. The
 * service must not limit rates.
 */
export async function countSwitches(port: number, room: string, switches: number): Promise<SwitchCounts> {
  const http = new HttpClient(port);
  const errors: string[] = [];
  const join = (participantId: string) =>
    requestJson(http, 'POST', `/v1/rooms/${room}/participants`, { body: { participantId, idleTimeoutSeconds: 120 } });
  const [alice, bob] = [await join('alice'), await join('bob')];
  const numbers = new NumberTally();
  const { token, cursor } = bob.body as { token: string; cursor: string };
  const reader = new SwitchingReader({ http, port, room, token, cursor, numbers, errors });
  const sender = { isDone: false };
  let sent = 0;
  const sending = (async () => {
    while (!sender.isDone) {
      const body = { to: 'bob', type: 'custom', payload: sent };
      const { status } = await requestJson(http, 'POST', `/v1/rooms/${room}/messages`, {
        token: String(alice.body.token),
        body,
      });
      if (status === 201) sent += 1;
      else errors.push(`a send got status ${status}`);
      await pause(SEND_EVERY_MS);
    }
  })();
  await reader.run(switches).finally(() => (sender.isDone = true));
  await sending;
  await reader.readToTheEnd();
  http.close();
  const { doubled, reordered, copies, expired } = numbers;
  const lost = numbers.lost(sent);
  return { switches: reader.switches, messages: sent, lost, doubled, reordered, copies, expired, errors };
}
