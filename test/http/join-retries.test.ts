import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { JoinResult } from '../../src/wire/index.ts';
import type { Answer } from '../support/conformance.ts';
import { closeServices, createService, type Service } from '../support/holdline.ts';
import { call, problemOf } from '../support/http.ts';
import { join, Member, newRoom } from '../support/member.ts';

let service: Service;
beforeAll(async () => {
  service = await createService({ rateLimit: 'off', maxParticipantsPerRoom: 3 });
});
afterAll(closeServices);

let witness: Member;
let key: string;
beforeEach(async () => {
  witness = await join(service.app, newRoom(), 'witness');
  key = randomUUID();
});

function joinWith(
  body: object,
  { token, roomId = witness.roomId }: { token?: string; roomId?: string } = {},
): Promise<Answer> {
  const headers = { 'Idempotency-Key': key };
  return call(service.app, 'joinRoom', { roomId }, { body, headers, ...(token !== undefined && { token }) });
}

const memberOf = ({ status, body }: Answer): Member => {
  expect(status).toBe(201);
  return new Member(service.app, body as JoinResult);
};

const isReplayed = ({ headers }: Answer): boolean => headers['idempotency-replayed'] === 'true';

describe('a join that is repeated with its idempotency key', () => {
  test.each([{ participantId: 'alice' }, {}])('returns a new token for the same participant: %j', async (body) => {
    const [first, second] = [await joinWith(body), await joinWith(body)];
    expect([first, second].map(isReplayed)).toEqual([false, true]);
    const [{ token: lost, ...before }, { token: fresh, ...after }] = [memberOf(first).joined, memberOf(second).joined];
    expect(fresh).not.toBe(lost);
    expect(after).toEqual(before);
  });

  test('announces nothing again', async () => {
    await joinWith({ participantId: 'alice' });
    await joinWith({ participantId: 'alice' });
    expect((await witness.poll()).messages).toMatchObject([{ type: 'participant-joined' }]);
    expect(await witness.roster()).toHaveLength(2);
  });

  test('keeps all tokens valid until one is used, then only that one', async () => {
    const first = memberOf(await joinWith({}));
    const second = memberOf(await joinWith({}));
    const third = memberOf(await joinWith({}));
    expect(await second.roster()).toHaveLength(2);
    for (const other of [first, third]) problemOf(await other.call('listParticipants'), 'unauthenticated');
    expect(await second.roster()).toHaveLength(2);
  });

  test('is a new join once a token has been used', async () => {
    await memberOf(await joinWith({ participantId: 'alice' })).roster();
    problemOf(await joinWith({ participantId: 'alice' }), 'participant-exists');
  });

  test('without an id creates another participant once a token has been used', async () => {
    const first = memberOf(await joinWith({}));
    await first.roster();
    const second = await joinWith({});
    expect([isReplayed(second), memberOf(second).id === first.id]).toEqual([false, false]);
  });

  test('is replayed even if the room is full by now', async () => {
    await joinWith({ participantId: 'alice' });
    await join(service.app, witness.roomId, 'last');
    problemOf(await call(service.app, 'joinRoom', { roomId: witness.roomId }), 'room-full');
    expect(isReplayed(await joinWith({ participantId: 'alice' }))).toBe(true);
  });

  test('arriving concurrently creates one participant', async () => {
    const members = (await Promise.all([joinWith({}), joinWith({})])).map(memberOf);
    expect(new Set(members.map(({ id }) => id)).size).toBe(1);
    expect(await witness.roster()).toHaveLength(2);
  });

  test('keeps at most 8 valid tokens, and one once it is used', async () => {
    const members = [];
    for (let joins = 0; joins < 10; joins += 1) members.push(memberOf(await joinWith({ participantId: 'alice' })));
    for (const replaced of members.slice(0, 2)) problemOf(await replaced.call('listParticipants'), 'unauthenticated');
    expect(await members[2]?.roster()).toHaveLength(2);
    for (const other of members.slice(3)) problemOf(await other.call('listParticipants'), 'unauthenticated');
  });

  test('has a mailbox that already collects', async () => {
    const lost = memberOf(await joinWith({ participantId: 'alice' }));
    await witness.send({ type: 'invite', to: 'alice' });
    const found = memberOf(await joinWith({ participantId: 'alice' }));
    expect(found.joined.cursor).toBe(lost.joined.cursor);
    expect((await found.poll({ after: found.joined.cursor })).messages).toMatchObject([{ type: 'invite' }]);
  });
});

describe('a takeover that is repeated with its idempotency key', () => {
  test.each([{ resume: true }, { resume: false }])('by the old token: %j', async (how) => {
    const alice = await join(service.app, witness.roomId, 'alice');
    const { cursor } = await witness.poll();
    const body = { participantId: 'alice', ...how };
    const first = await joinWith(body, { token: alice.token });
    const second = await joinWith(body, { token: alice.token });
    expect([first, second].map(isReplayed)).toEqual([false, true]);
    expect(memberOf(second).joined.resumed).toBe(how.resume);
    expect((await witness.poll({ after: cursor })).messages).toHaveLength(how.resume ? 0 : 2);
    expect(await memberOf(second).roster()).toHaveLength(2);
    problemOf(await memberOf(first).call('listParticipants'), 'unauthenticated');
  });
});

describe('the scope of an idempotency key is the room, the requested id and the credential', () => {
  test('another room', async () => {
    await joinWith({ participantId: 'alice' });
    expect(isReplayed(await joinWith({ participantId: 'alice' }, { roomId: newRoom() }))).toBe(false);
  });

  test('another id', async () => {
    await joinWith({ participantId: 'alice' });
    const answer = await joinWith({ participantId: 'bob' });
    expect([isReplayed(answer), memberOf(answer).id]).toEqual([false, 'bob']);
  });

  test('another credential: guessing a key does not yield another participant', async () => {
    const alice = await join(service.app, witness.roomId, 'alice');
    await joinWith({ participantId: 'alice', resume: true }, { token: alice.token });
    problemOf(await joinWith({ participantId: 'alice', resume: true }), 'participant-exists');
  });

  test('an expired or unknown token counts as no credential', async () => {
    const gone = await join(service.app, witness.roomId, 'gone');
    await gone.leave();
    const answers = [await joinWith({}), await joinWith({}, { token: gone.token }), await joinWith({}, { token: 'x' })];
    expect(answers.map(isReplayed)).toEqual([false, true, true]);
  });
});

test('another body under a key is refused, and the first one still replays', async () => {
  await joinWith({ participantId: 'alice', displayName: 'A' });
  for (const body of [
    { participantId: 'alice' },
    { participantId: 'alice', displayName: 'B' },
    { displayName: 'A', participantId: 'alice' },
  ]) {
    problemOf(await joinWith(body), 'idempotency-key-reused');
  }
  expect(isReplayed(await joinWith({ participantId: 'alice', displayName: 'A' }))).toBe(true);
});

test('the key of a participant that has left is forgotten', async () => {
  const lost = memberOf(await joinWith({ participantId: 'alice' }));
  const found = memberOf(await joinWith({ participantId: 'alice' }));
  await found.leave();
  const answer = await joinWith({ participantId: 'alice' });
  expect([isReplayed(answer), memberOf(answer).joined.cursor === lost.joined.cursor]).toEqual([false, false]);
});
