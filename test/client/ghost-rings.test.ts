import { beforeEach, describe, expect, test } from '@jest/globals';
import { Call, joinRoom, type CallEnd } from '../../src/client/index.ts';
import { FakePeer } from './support/fake-peer.ts';
import { batch, forever, HostileServer, json, message } from './support/hostile-server.ts';

let server: HostileServer;
beforeEach(() => {
  server = new HostileServer();
});

const invite = (ageMs: number, callId = 'c1') => message('invite', { callId, ageMs });
const cancel = (callId = 'c1') => message('cancel', { callId, payload: { reason: 'user_hangup' } });
const left = message('participant-left', { from: undefined, payload: { participantId: 'other', reason: 'left' } });
const unfinished = (cursor: string, ...messages: unknown[]) => json(200, { messages, cursor, more: true, expired: 0 });

/** What rang, and how it ended. */
async function rung(): Promise<{ calls: Call[]; ends: CallEnd[] }> {
  const mailbox = await joinRoom(server.options);
  mailbox.on('error', () => undefined);
  const calls: Call[] = [];
  const ends: CallEnd[] = [];
  Call.onInvite(mailbox, (call) => {
    calls.push(call);
    call.on('ended', (end) => void ends.push(end));
  });
  await server.time.advance(100);
  return { calls, ends };
}

interface Sent {
  readonly type: string;
  readonly callId: string;
  readonly payload?: unknown;
}

const sent = (): Sent[] => server.all('send').flatMap(({ body }) => body.messages as Sent[]);
const sentTypes = (): string[] => sent().map(({ type }) => type);

describe('an invite does not ring', () => {
  test.each([
    ['is cancelled later in its batch', [invite(1_000), message('custom'), cancel('C1')]],
    ['is hung up later in its batch', [invite(1_000), message('hangup', { callId: 'c1' })]],
    ['is older than its ring time', [invite(60_000)]],
    ['is followed by the departure of its caller', [invite(1_000), left]],
  ])('that %s', async (_, messages) => {
    server.script('poll', () => batch('c1', ...messages), forever);
    const { calls } = await rung();
    expect([calls, sentTypes()]).toEqual([[], []]);
  });

  test('that waited long and is cancelled in the next batch', async () => {
    server.script(
      'poll',
      () => unfinished('c1', invite(5_001)),
      () => batch('c2', cancel()),
      forever,
    );
    const { calls } = await rung();
    await server.time.advance(60_000);
    expect([calls, sentTypes()]).toEqual([[], []]);
  });
});

describe('an invite rings', () => {
  test('when only an older one of the same caller was cancelled', async () => {
    server.script('poll', () => batch('c1', invite(9_000), cancel(), invite(1_000, 'c2')), forever);
    const { calls } = await rung();
    expect(calls.map(({ callId, state }) => [callId, state])).toEqual([['c2', 'incoming']]);
    expect(sentTypes()).toEqual(['ringing']);
  });

  test('at once when it is fresh, whatever else waits', async () => {
    server.script('poll', () => unfinished('c1', invite(5_000)), forever);
    const { calls } = await rung();
    expect(calls).toHaveLength(1);
  });

  test('that waited long, when all that waited with it has been read', async () => {
    server.script(
      'poll',
      () => unfinished('c1', invite(30_000)),
      () => unfinished('c2', message('custom')),
      async () => {
        await server.time.after(1_000);
        return batch('c3', message('custom'));
      },
      forever,
    );
    const { calls } = await rung();
    await server.time.advance(800);
    expect(calls).toHaveLength(0);
    await server.time.advance(200);
    expect(calls).toHaveLength(1);
  });

  test('that waited long, after 3 s when the rest does not come', async () => {
    server.script('poll', () => unfinished('c1', invite(30_000)), forever);
    const { calls, ends } = await rung();
    await server.time.advance(2_800);
    expect(calls).toHaveLength(0);
    await server.time.advance(200);
    expect(calls).toHaveLength(1);
    // It has waited for 33 of its 60 seconds.
    await server.time.advance(26_800);
    expect(ends).toEqual([]);
    await server.time.advance(200);
    expect(ends).toEqual([{ reason: 'invite_timeout', by: 'system' }]);
  });
});

describe('two invites of one participant in one batch', () => {
  test('ring once, for the newer one, and the older one is rejected as replaced', async () => {
    server.script('poll', () => batch('c1', invite(1_000), invite(1_000, 'c2')), forever);
    const { calls } = await rung();
    expect(calls.map(({ callId, state }) => [callId, state])).toEqual([['c2', 'incoming']]);
    expect(sent()).toMatchObject([
      { type: 'reject', callId: 'c1', payload: { reason: 'replaced' } },
      { type: 'ringing', callId: 'c2' },
    ]);
  });

  test('are one call when the second repeats the first, and an offer between them is answered', async () => {
    const offer = message('offer', { callId: 'c1', payload: { type: 'offer', sdp: 'v=0' } });
    server.script('poll', () => batch('c1', invite(1_000), offer, invite(1_000, 'C1')), forever);
    const { calls } = await rung();
    expect(calls).toHaveLength(1);
    calls[0]?.accept(new FakePeer('me'));
    // Each step of the negotiation takes a turn of the event loop.
    for (let turn = 0; turn < 20; turn += 1) await server.time.advance(1);
    expect(sentTypes()).toEqual(expect.arrayContaining(['ringing', 'accept', 'answer']));
  });
});

test('the client reads as many messages at once as the service allows, to see what takes an invite back', async () => {
  server.script('poll', forever);
  await rung();
  expect(server.all('poll').map(({ body }) => body.limit)).toEqual([100]);
});
