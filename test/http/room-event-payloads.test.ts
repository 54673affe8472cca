import { afterEach, expect, test } from '@jest/globals';
import { z } from 'zod';
import { ROOM_EVENT_PAYLOADS } from '../../src/wire/index.ts';
import { TestClock } from '../support/clock.ts';
import { closeServices, createService } from '../support/holdline.ts';
import { join, newRoom } from '../support/member.ts';

afterEach(closeServices);

/** The client takes its types from these schemas, while the server writes the payloads without them. */
const strict = {
  'participant-joined': z.strictObject(ROOM_EVENT_PAYLOADS['participant-joined'].shape),
  'participant-left': z.strictObject(ROOM_EVENT_PAYLOADS['participant-left'].shape),
  'message-expired': z.strictObject(ROOM_EVENT_PAYLOADS['message-expired'].shape),
};

test('the payload of every room event has the fields of its schema, and no others', async () => {
  const clock = new TestClock();
  const { app } = await createService({ rateLimit: 'off' }, { clock });
  const alice = await join(app, newRoom(), { participantId: 'alice', idleTimeoutSeconds: 300 });
  const who = { participantId: 'bob', displayName: 'Bob', metadata: { role: 'guest' }, idleTimeoutSeconds: 300 };
  const bob = await join(app, alice.roomId, who);
  await alice.send({ type: 'invite', to: 'bob', callId: 'call-1', ttlSeconds: 1 });
  await alice.send({ type: 'custom', to: 'bob', ttlSeconds: 1 });
  await clock.advance(5_000);
  await bob.leave();

  const { messages } = await alice.poll();
  const types = messages.map(({ type }) => type);
  expect(types).toEqual(['participant-joined', 'message-expired', 'message-expired', 'participant-left']);
  for (const { type, payload, from } of messages) {
    expect(from).toBeUndefined();
    expect(strict[type as keyof typeof strict].parse(payload)).toEqual(payload);
  }
});
