import { setTimeout as pause } from 'node:timers/promises';
import { ask, insist, start } from './client.ts';
import type { SoakServer } from './server.ts';

const JOINS_PER_SECOND = 40;
const ABORTS_PER_SECOND = 20;
const MESSAGES_PER_SECOND = 5;

/** What went wrong for those who behaved, and how much was done. */
export interface Tally {
  joins: number;
  aborted: number;
  delivered: number;
  readonly wrong: string[];
}

/** Calls `act` so many times a second until the signal; what one call throws ends nothing. */
async function every(perSecond: number, signal: AbortSignal, act: () => Promise<void>): Promise<void> {
  const acts = new Set<Promise<void>>();
  while (!signal.aborted) {
    const acting = act()
      .catch(() => undefined)
      .finally(() => acts.delete(acting));
    acts.add(acting);
    await pause(1_000 / perSecond);
  }
  await Promise.all(acts);
}

let rooms = 0;

/** Joins whose participants are never seen again. */
export const abandonedJoins = (server: SoakServer, tally: Tally, signal: AbortSignal): Promise<void> =>
  every(JOINS_PER_SECOND, signal, async () => {
    const { status } = await ask(server, 'POST', `/v1/rooms/abandoned-${(rooms += 1)}/participants`, { body: {} });
    if (status === 201) tally.joins += 1;
    else if (status !== 503) tally.wrong.push(`a join was answered ${status}`);
  });

/** Polls whose client resets its connection while they are held. */
export async function abortedPolls(server: SoakServer, tally: Tally, signal: AbortSignal): Promise<void> {
  await every(ABORTS_PER_SECOND, signal, async () => {
    const path = `/v1/rooms/aborted-${(rooms += 1)}`;
    const { body } = await ask(server, 'POST', `${path}/participants`, { body: {} });
    const poll = start(server, 'GET', `${path}/messages?wait=50`, { token: String(body.token) });
    poll.on('error', () => undefined);
    const closed = new Promise((resolve) => poll.once('close', resolve));
    await pause(Math.random() * 500);
    poll.destroy();
    await closed;
    tally.aborted += 1;
  });
}

/** Two who count: each number that one sends reaches the other once, in order, whatever happens to the server. */
export async function countingPair(server: SoakServer, name: string, tally: Tally, signal: AbortSignal): Promise<void> {
  const path = `/v1/rooms/${name}`;
  const join = (participantId: string) =>
    insist(server, 'POST', `${path}/participants`, { body: { participantId, idleTimeoutSeconds: 120 } });
  const [alice, bob] = [await join('alice'), await join('bob')];
  let sent = 0;
  const send = async (): Promise<void> => {
    while (!signal.aborted) {
      const headers = { 'Idempotency-Key': `number-${sent}` };
      const asked = { token: String(alice.body.token), body: { to: 'bob', type: 'custom', payload: sent }, headers };
      const { status } = await insist(server, 'POST', `${path}/messages`, asked);
      if (status !== 201) tally.wrong.push(`${name}: a send was answered ${status}`);
      sent += 1;
      await pause(1_000 / MESSAGES_PER_SECOND);
    }
  };
  const isAllIn = (got: number): boolean => signal.aborted && got >= sent;
  await Promise.all([send(), receive(server, path, String(bob.body.token), tally, isAllIn)]);
  for (const { body } of [alice, bob]) {
    const own = `${path}/participants/${String(body.participantId)}`;
    await insist(server, 'DELETE', own, { token: String(body.token) });
  }
}

async function receive(
  server: SoakServer,
  room: string,
  token: string,
  tally: Tally,
  isAllIn: (got: number) => boolean,
): Promise<void> {
  const seen = new Set<string>();
  let after: string | undefined;
  while (!isAllIn(seen.size)) {
    const asked = { token, body: { wait: 5, ...(after !== undefined && { after }) } };
    const { status, body } = await insist(server, 'POST', `${room}/messages/poll`, asked);
    if (status !== 200) {
      tally.wrong.push(`${room}: a poll was answered ${status} ${String(body.code)}`);
      return;
    }
    after = String(body.cursor);
    for (const { id, type, payload } of body.messages as { id: string; type: string; payload?: unknown }[]) {
      if (type !== 'custom' || seen.has(id)) continue;
      if (payload !== seen.size) tally.wrong.push(`${room}: got ${String(payload)} instead of ${seen.size}`);
      seen.add(id);
      tally.delivered += 1;
    }
  }
}
