import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { TestClock } from '../support/clock.ts';
import { closeServices, createService, type Service } from '../support/holdline.ts';
import { problemOf } from '../support/http.ts';
import { join, type Member, newRoom } from '../support/member.ts';

const MAX_MAILBOX_MESSAGES = 3;

let service: Service;
beforeAll(async () => {
  const settings = { rateLimit: 'off', maxMailboxMessages: MAX_MAILBOX_MESSAGES } as const;
  service = await createService(settings, { clock: new TestClock() });
});
afterAll(closeServices);

let alice: Member;
let bob: Member;
let carol: Member;
beforeEach(async () => {
  const roomId = newRoom();
  alice = await join(service.app, roomId, 'alice');
  bob = await join(service.app, roomId, 'bob');
  carol = await join(service.app, roomId, 'carol');
});

const invite = { type: 'invite' } as const;

async function fill(mailbox: Member): Promise<void> {
  const to = mailbox.id;
  await alice.sendAll(Array.from({ length: MAX_MAILBOX_MESSAGES }, () => ({ ...invite, to })));
}

const typesOf = async (member: Member): Promise<string[]> => (await member.poll()).messages.map(({ type }) => type);

describe('the receipt lists the recipients whose mailboxes hold the message', () => {
  test('for a message to one recipient', async () => {
    expect((await alice.send({ ...invite, to: 'bob' })).recipients).toEqual([
      { participantId: 'bob', listening: false },
    ]);
    expect(await typesOf(carol)).toEqual([]);
  });

  test('for a broadcast, in the order of joining', async () => {
    expect((await bob.send(invite)).recipients.map(({ participantId }) => participantId)).toEqual(['alice', 'carol']);
    expect(await typesOf(bob)).toEqual(['participant-joined']);
  });

  test('for a broadcast in an empty room: none', async () => {
    const alone = await join(service.app, newRoom(), 'alone');
    const { recipients, ...rest } = await alone.send(invite);
    expect(recipients).toEqual([]);
    expect(rest).not.toHaveProperty('skipped');
    expect((await alone.sendAll([invite, invite])).map((receipt) => receipt.recipients)).toEqual([[], []]);
  });

  test('with `listening`, which is true while a poll is held', async () => {
    const poll = await service.hold('carol', () => carol.poll({ wait: 5 }));
    expect((await alice.send(invite)).recipients).toEqual([
      { participantId: 'bob', listening: false },
      { participantId: 'carol', listening: true },
    ]);
    expect((await poll.ended).messages).toHaveLength(1);
  });
});

describe('a recipient that is not in the room', () => {
  test('refuses the message', async () => {
    const { errors, detail } = problemOf(
      await alice.call('sendMessage', { body: { ...invite, to: 'nobody' } }),
      'recipient-not-found',
    );
    expect(errors).toBeUndefined();
    expect(detail).toContain('"nobody"');
  });

  test('refuses the whole batch, with a pointer to the message', async () => {
    const body = { messages: [invite, { ...invite, to: 'bob' }, { ...invite, to: 'nobody' }] };
    const { errors } = problemOf(await alice.call('sendMessages', { body }), 'recipient-not-found');
    expect(errors).toEqual([{ pointer: '/body/messages/2', detail: expect.stringContaining('"nobody"') }]);
    expect(await typesOf(bob)).toEqual(['participant-joined']);
  });

  test('includes participants that have left and those of other rooms', async () => {
    await join(service.app, newRoom(), 'dave');
    await carol.leave();
    for (const to of ['carol', 'dave']) {
      problemOf(await alice.call('sendMessage', { body: { ...invite, to } }), 'recipient-not-found');
    }
  });
});

describe('a full mailbox', () => {
  test('refuses messages until its owner acknowledges some', async () => {
    await fill(bob);
    const answer = await alice.call('sendMessage', { body: { ...invite, to: 'bob' } });
    expect(problemOf(answer, 'mailbox-full').retryable).toBe(true);
    expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/);
    const { cursor } = await bob.poll();
    await bob.poll({ after: cursor });
    await alice.send({ ...invite, to: 'bob' });
  });

  test('is skipped by a broadcast and listed in `skipped`', async () => {
    await fill(bob);
    expect(await alice.send(invite)).toMatchObject({
      recipients: [{ participantId: 'carol', listening: false }],
      skipped: [{ participantId: 'bob', code: 'mailbox-full' }],
    });
    expect(await typesOf(bob)).toHaveLength(MAX_MAILBOX_MESSAGES + 1);
  });

  test('refuses a broadcast only when all are full', async () => {
    await fill(bob);
    await fill(carol);
    const { errors } = problemOf(await alice.call('sendMessage', { body: invite }), 'mailbox-full');
    expect(errors).toBeUndefined();
  });

  test('refuses a whole batch, with a pointer to the message that does not fit', async () => {
    const messages = Array.from({ length: MAX_MAILBOX_MESSAGES + 1 }, () => ({ ...invite, to: 'bob' }));
    const { errors } = problemOf(await alice.call('sendMessages', { body: { messages } }), 'mailbox-full');
    expect(errors).toMatchObject([{ pointer: `/body/messages/${MAX_MAILBOX_MESSAGES}` }]);
    expect(await typesOf(bob)).toEqual(['participant-joined']);
  });

  test('is skipped by the rest of a batch to everyone', async () => {
    await alice.send({ ...invite, to: 'bob' });
    const receipts = await alice.sendAll([invite, invite, invite]);
    expect(receipts.map(({ skipped }) => skipped)).toEqual([
      undefined,
      undefined,
      [{ participantId: 'bob', code: 'mailbox-full' }],
    ]);
  });

  test('still gets room events', async () => {
    await fill(bob);
    await carol.leave();
    expect(await typesOf(bob)).toContain('participant-left');
  });

  test('does not affect other mailboxes', async () => {
    await fill(bob);
    expect((await alice.send({ ...invite, to: 'carol' })).recipients).toHaveLength(1);
    expect((await bob.send(invite)).recipients).toHaveLength(2);
  });
});

describe('the order of messages', () => {
  test('batches and sequential sends keep their order', async () => {
    await alice.sendAll([
      { type: 'custom', callId: '1', to: 'bob' },
      { type: 'custom', callId: '2' },
    ]);
    await alice.send({ type: 'custom', callId: '3', to: 'bob' });
    const { messages } = await bob.poll();
    expect(messages.map(({ callId }) => callId)).toEqual([undefined, '1', '2', '3']);
    expect(new Set(messages.map(({ id }) => id)).size).toBe(4);
  });

  test('a broadcast has the same id in every copy', async () => {
    const { id } = await alice.send(invite);
    for (const member of [bob, carol]) expect((await member.poll()).messages.at(-1)?.id).toBe(id);
  });

  test('messages stay when their sender leaves', async () => {
    await alice.send({ ...invite, to: 'bob' });
    await alice.leave();
    expect(await typesOf(bob)).toEqual(['participant-joined', 'invite', 'participant-left']);
  });
});
