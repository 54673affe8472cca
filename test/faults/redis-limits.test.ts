import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { cleanUp } from '../support/clean-up.ts';
import { fetchAnswer } from '../support/fetch-member.ts';
import { Ledger } from '../support/ledger.ts';
import { newRoom } from '../support/member.ts';
import { describeOnRedis } from '../support/redis/on-redis.ts';
import { ownRedis, startProcesses, timed } from '../support/redis/processes.ts';

const PER_SECOND = 2;
const BURST = 4 * PER_SECOND;
const LIMITS = {
  MAX_PARTICIPANTS_PER_ROOM: '4',
  MAX_MAILBOX_MESSAGES: '5',
  RATE_LIMIT_MESSAGES_PER_SECOND: String(PER_SECOND),
};

let urls: readonly string[] = [];
const inTurn = <T>(all: readonly T[], index: number): T => all[index % all.length] as T;

const statusesOf = (answers: readonly { readonly status: number }[], status: number): number =>
  answers.filter((answer) => answer.status === status).length;

describeOnRedis('limits are exact across two processes', () => {
  beforeAll(async () => {
    const redis = await ownRedis();
    urls = (await startProcesses([redis, redis], LIMITS)).map(({ url }) => url);
  });
  afterAll(cleanUp);

  async function aliceAndBob() {
    const ledger = new Ledger();
    const room = newRoom();
    const alice = await ledger.join(inTurn(urls, 0), room, 'alice');
    const bob = await ledger.join(inTurn(urls, 1), room, 'bob');
    return { ledger, room, alice, bob };
  }

  test('concurrent joins never exceed the size of the room', async () => {
    const room = newRoom();
    const joins = Array.from({ length: 20 }, (_, index) =>
      fetchAnswer(inTurn(urls, index), 'joinRoom', `/v1/rooms/${room}/participants`, {
        body: { participantId: `p${index}` },
      }),
    );
    const answers = await Promise.all(joins);
    expect([statusesOf(answers, 201), statusesOf(answers, 409)]).toEqual([4, 16]);
  });

  test('sequential and concurrent sends never exceed the size of a mailbox', async () => {
    const { ledger, alice, bob } = await aliceAndBob();
    const ways = urls.map((url) => ledger.observe(url, alice.joined));
    const send = (payload: string, index: number) =>
      inTurn(ways, index).call('sendMessage', { body: { to: 'bob', type: 'custom', payload } });
    const statuses: number[] = [];
    for (let index = 0; index < 4; index += 1) statuses.push((await send(`in turn ${index}`, index)).status);
    expect(statuses).toEqual([201, 201, 201, 201]);
    const answers = await Promise.all([0, 1, 2].map((index) => send(`at once ${index}`, index)));
    expect([statusesOf(answers, 201), statusesOf(answers, 429)]).toEqual([1, 2]);
    expect((await bob.poll()).messages).toHaveLength(5);
    await ledger.settle();
  });

  test('the rate limit of a sender counts its sends through all processes', async () => {
    const { ledger, alice } = await aliceAndBob();
    const ways = urls.map((url) => ledger.observe(url, alice.joined));
    const body = { messages: [{ to: 'nobody', type: 'custom' }] };
    const { answer, elapsedMs } = await timed(() =>
      Promise.all(Array.from({ length: 40 }, (_, index) => inTurn(ways, index).call('sendMessages', { body }))),
    );
    // A send to an unknown recipient is charged, too.
    const charged = statusesOf(answer, 404);
    expect(charged).toBeGreaterThanOrEqual(BURST);
    expect(charged).toBeLessThanOrEqual(BURST + Math.ceil((elapsedMs / 1_000) * PER_SECOND));
    expect(statusesOf(answer, 429)).toBe(40 - charged);
  });
});
