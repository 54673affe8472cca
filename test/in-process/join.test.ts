import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { joinRoom } from '../../src/client/index.ts';
import { JoinError } from '../../src/index.ts';
import { joinResult, type JoinResult } from '../../src/wire/index.ts';
import { API_KEY } from '../access/credentials.ts';
import { TestClock } from '../support/clock.ts';
import { closeServices, createService, type Service } from '../support/holdline.ts';
import { call, problemOf } from '../support/http.ts';
import { Member, newRoom } from '../support/member.ts';

let service: Service;
let roomId: string;
beforeEach(async () => {
  service = await createService({ apiKeys: [API_KEY] });
  roomId = newRoom();
});
afterEach(closeServices);

const place = async (fields: Parameters<Service['holdline']['join']>[1]): Promise<Member> =>
  new Member(service.app, await service.holdline.join(roomId, fields));

const refusal = (joining: Promise<unknown>): Promise<JoinError> =>
  joining.then(
    () => Promise.reject(new Error('joined')),
    (error: unknown) => error as JoinError,
  );

describe('a join in the process', () => {
  test('joins anyone to a protected server, and returns what the server would answer', async () => {
    const fields = { participantId: 'alice', displayName: 'Alice', metadata: { a: 'é' }, idleTimeoutSeconds: 7 };
    const alice = await place(fields);
    expect(joinResult.strict().parse(alice.joined)).toEqual(alice.joined);
    expect(alice.joined).toMatchObject({
      roomId,
      participantId: 'alice',
      resumed: false,
      limits: { idleTimeoutSeconds: 7 },
    });
    expect(await alice.roster()).toMatchObject([
      { participantId: 'alice', displayName: 'Alice', metadata: { a: 'é' } },
    ]);
  });

  test('needs no fields, and takes a field that is undefined as omitted', async () => {
    const { participantId } = await service.holdline.join(roomId);
    expect(participantId).toMatch(/^[\w-]{16,}$/);
    expect((await service.holdline.join(roomId, { participantId: undefined })).participants).toHaveLength(2);
  });

  test('takes over a participant without its token, with its mailbox or without', async () => {
    const [alice, bob] = [await place({ participantId: 'alice' }), await place({ participantId: 'bob' })];
    await alice.send({ to: 'bob', type: 'invite' });
    const resumed = await place({ participantId: 'bob', resume: true });
    expect(resumed.joined.resumed).toBe(true);
    expect((await resumed.poll()).messages).toMatchObject([{ type: 'invite' }]);
    problemOf(await bob.call('listParticipants'), 'unauthenticated');
    const anew = await place({ participantId: 'bob' });
    expect((await anew.poll()).messages).toEqual([]);
  });

  test('is not limited in rate, and counts towards no client address', async () => {
    service = await createService({ rateLimitJoinsPerMinute: 1 });
    await Promise.all(Array.from({ length: 10 }, () => service.holdline.join(roomId)));
    expect((await call(service.app, 'joinRoom', { roomId })).status).toBe(201);
  });

  test('leaves an open server open, and its administration closed', async () => {
    service = await createService();
    await service.holdline.join(roomId);
    expect((await call(service.app, 'joinRoom', { roomId })).status).toBe(201);
    problemOf(await call(service.app, 'listRooms', {}, { token: API_KEY }), 'unauthenticated');
  });
});

describe('a refused join in the process', () => {
  test('names every fault, as a request would be told', async () => {
    const error = await refusal(
      service.holdline.join('a.b', { participantId: '', idleTimeoutSeconds: 0, metadata: { a: '\ud800' } }),
    );
    expect(error).toBeInstanceOf(JoinError);
    expect(error).toMatchObject({ name: 'JoinError', code: 'invalid-request', problem: { retryable: false } });
    expect(error.message).toBe(error.problem.detail);
    expect(error.problem.errors?.map(({ pointer }) => pointer)).toEqual(['/path/roomId']);
    const inBody = await refusal(
      service.holdline.join(roomId, { participantId: '', idleTimeoutSeconds: 0, metadata: { a: '\ud800' } }),
    );
    expect(inBody.problem.errors?.map(({ pointer }) => pointer)).toEqual([
      '/body/participantId',
      '/body/idleTimeoutSeconds',
      '/body/metadata/a',
    ]);
  });

  test('does not reach another path, whatever the room is called', async () => {
    for (const name of ['', '.', '..', '../r', 'r/participants?', 'r#', 'r%2f']) {
      expect((await refusal(service.holdline.join(name))).problem.status).toBeGreaterThanOrEqual(400);
    }
  });

  test('has the code of the problem', async () => {
    service = await createService({ maxParticipantsPerRoom: 1 });
    await place({});
    expect(await refusal(service.holdline.join(roomId))).toMatchObject({ code: 'room-full' });
  });

  test('is shutting-down while the service drains', async () => {
    const clock = new TestClock();
    service = await createService({ drainSeconds: 5 }, { clock });
    const [alice, bob] = [await place({ participantId: 'alice' }), await place({ participantId: 'bob' })];
    const { cursor } = await alice.poll();
    await service.hold('alice', () => alice.poll({ wait: 40, after: cursor }));
    await service.hold('bob', () => bob.poll({ wait: 40 }));
    const closed = service.holdline.close();
    expect(await refusal(service.holdline.join(roomId))).toMatchObject({ code: 'shutting-down' });
    await clock.advance(5_000);
    await closed;
  });

  test('rejects joinRoom with its code, or is tried again when that may help', async () => {
    const enter = (join: () => Promise<JoinResult>) =>
      joinRoom({ baseUrl: 'http://in.process', roomId, fetch: service.holdline.fetch, join, random: () => 0 });
    const error = await refusal(enter(() => service.holdline.join(roomId, { participantId: '' })));
    expect(error).toMatchObject({ name: 'HoldlineError', code: 'invalid-request', cause: { name: 'JoinError' } });

    const { problem } = error;
    const refusals = [new JoinError({ ...problem, code: 'storage-unavailable', retryable: true })];
    const mailbox = await enter(async () => {
      const refused = refusals.pop();
      if (refused !== undefined) throw refused;
      return service.holdline.join(roomId, { participantId: 'alice' });
    });
    expect([mailbox.participantId, refusals]).toEqual(['alice', []]);
    await mailbox.leave();
  });
});
