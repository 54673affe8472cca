import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Express } from 'express';
import { accessToken, SECRET } from '../access/credentials.ts';
import { TestClock } from '../support/clock.ts';
import type { Answer } from '../support/conformance.ts';
import { closeServices, createService } from '../support/holdline.ts';
import { call, problemOf, type Sent } from '../support/http.ts';
import { Member } from '../support/member.ts';
import type { JoinResult } from '../../src/wire/index.ts';

const MOST = 1_000;
const AT_ONCE = 20;
const SETTINGS = { rateLimitJoinsPerMinute: 1_000_000, trustProxy: 1, maxParticipantsPerRoom: 1_000 } as const;
const CROWD = { roomId: 'crowd' };
const IPV6 = ['2001:db8::1', '2001:db8::2'] as const;

const joinFrom = (app: Express, address: string, place = CROWD, sent: Sent = {}): Promise<Answer> =>
  call(app, 'joinRoom', place, { ...sent, headers: { 'X-Forwarded-For': address, ...sent.headers } });

const memberOf = (app: Express, answer: Answer): Member => {
  expect(answer.status).toBe(201);
  return new Member(app, answer.body as JoinResult);
};

/** Joins as many participants as an address may have in open mode. */
async function fill(app: Express, join: (index: number) => Promise<Answer>): Promise<Member[]> {
  const members: Member[] = [];
  for (let index = 0; index < MOST; index += AT_ONCE) {
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, (_, more) => join(index + more)));
    members.push(...answers.map((answer) => memberOf(app, answer)));
  }
  return members;
}

describe('in open mode a client address has at most 1,000 live participants', () => {
  let app: Express;
  let clock: TestClock;
  let members: Member[];
  const next = (): Member => {
    const member = members.pop();
    if (member === undefined) throw new Error('all are gone');
    return member;
  };
  const join = (sent: Sent = {}, room = 'elsewhere') => joinFrom(app, IPV6[0], { roomId: room }, sent);
  const expectFull = async () => problemOf(await join(), 'rate-limited');

  beforeAll(async () => {
    clock = new TestClock();
    ({ app } = await createService(SETTINGS, { clock }));
    const body = { idleTimeoutSeconds: 300 };
    members = await fill(app, (index) =>
      joinFrom(app, IPV6[index % 2] ?? '', { roomId: `crowd-${index % 50}` }, { body }),
    );
  });
  afterAll(closeServices);

  test('one more is refused, from any address of its /64', async () => {
    await expectFull();
    const refused = await joinFrom(app, IPV6[1]);
    problemOf(refused, 'rate-limited');
    expect(refused.headers).toMatchObject({
      'retry-after': '10',
      'ratelimit-policy': '"participants";q=1000',
      ratelimit: '"participants";r=0;t=10',
    });
  });

  test('other addresses are not affected', async () => {
    memberOf(app, await joinFrom(app, '2001:db8:0:1::1'));
  });

  test('a leave makes room for one more at once', async () => {
    await next().leave();
    members.unshift(memberOf(app, await join()));
    await expectFull();
  });

  test('a takeover does not count as a new participant, with and without resume', async () => {
    const resumed = await next().rejoin({ resume: true }, { 'X-Forwarded-For': IPV6[0] });
    await resumed.rejoin({}, { 'X-Forwarded-For': IPV6[0] });
    await expectFull();
  });

  test('a replayed join does not count as a new participant', async () => {
    await next().leave();
    const keyed = () => join({ headers: { 'Idempotency-Key': 'a-random-key' } });
    memberOf(app, await keyed());
    expect((await keyed()).headers['idempotency-replayed']).toBe('true');
    await expectFull();
  });

  test('a join that is refused for another reason is not counted', async () => {
    const alice = await joinFrom(app, '2001:db8:0:2::1', { roomId: 'alice' }, { body: { participantId: 'alice' } });
    expect(alice.status).toBe(201);
    await next().leave();
    problemOf(await join({ body: { participantId: 'alice' } }, 'alice'), 'participant-exists');
    members.unshift(memberOf(app, await join({ body: { idleTimeoutSeconds: 300 } })));
    await expectFull();
  });

  test('an expired participant makes room for one more', async () => {
    await clock.advance(305_000);
    memberOf(app, await join());
  });
});

test('with access tokens there is no limit of participants per client address', async () => {
  const clock = new TestClock();
  const { app } = await createService({ ...SETTINGS, accessTokenSecret: SECRET }, { clock });
  const token = (sub: string) => accessToken(clock.wallMs(), { sub, room: '*' });
  const rooms = (index: number) => ({ roomId: `room-${index % 50}` });
  const joinAs = async (index: number) => joinFrom(app, '192.0.2.1', rooms(index), { token: await token(`p${index}`) });
  await fill(app, joinAs);
  expect((await joinAs(MOST)).status).toBe(201);
  await closeServices();
});

test('RATE_LIMIT=off lifts the limit of participants', async () => {
  const { app } = await createService({ ...SETTINGS, rateLimit: 'off' });
  const joinOne = (index: number) => joinFrom(app, '192.0.2.1', { roomId: `room-${index % 50}` });
  await fill(app, joinOne);
  expect((await joinOne(MOST)).status).toBe(201);
  await closeServices();
});
