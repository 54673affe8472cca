import { beforeEach, describe, expect, test } from '@jest/globals';
import { joinRoom, Mesh, type Call } from '../../src/client/index.ts';
import { FakePeer } from './support/fake-peer.ts';
import { batch, forever, HostileServer, json, message, problem } from './support/hostile-server.ts';

const PACE_MS = 3_000;
const PRESENT = ['me', 'other', 'third'].map((participantId) => ({
  participantId,
  joinedAt: '2026-11-22T09:30:00.125Z',
}));

let server: HostileServer;
/** The times at which the mesh asked for connections, since the start of the test, with their peers. */
let opened: { readonly atMs: number; readonly to: string }[];
/** Events that the app received. */
let begun: Call[];
beforeEach(() => {
  server = new HostileServer();
  opened = [];
  begun = [];
});

const invite = (callId: string, from = 'other') => message('invite', { from, callId, payload: { mesh: true } });
const after =
  (delayMs: number, ...messages: unknown[]) =>
  async () => {
    await server.time.after(delayMs);
    return batch(`c${server.count('poll')}`, ...messages);
  };

async function openMesh(): Promise<Mesh> {
  const startedAtMs = server.time.now();
  const mailbox = await joinRoom(server.options);
  mailbox.on('error', () => undefined);
  const mesh = new Mesh(mailbox, {
    peerConnection: (to) => {
      opened.push({ atMs: server.time.now() - startedAtMs, to });
      return new FakePeer('me');
    },
  });
  mesh.on('call', (call) => void begun.push(call));
  await server.time.advance(0);
  return mesh;
}

describe('a mesh', () => {
  test('opens one connection in 3 s for a participant that sends 1,500 invites, and serves the last of them', async () => {
    const INVITES = 1_500;
    let sent = 0;
    server.on('poll', () => {
      if (sent === INVITES) return forever();
      sent += 1;
      return batch(`c${sent}`, invite(`call${sent}`));
    });
    const mesh = await openMesh();
    while (sent < INVITES) await server.time.advance(1_000);
    await server.time.advance(PACE_MS);
    const pauses = opened.slice(1).map(({ atMs }, index) => atMs - (opened[index]?.atMs ?? 0));
    expect(pauses.filter((pauseMs) => pauseMs < PACE_MS)).toEqual([]);
    expect(pauses.length).toBeGreaterThan(10);
    expect(begun).toHaveLength(opened.length);
    expect(mesh.calls.get('other')).toMatchObject({ callId: `call${INVITES}`, state: 'connecting' });
    expect(begun.filter(({ state }) => state !== 'ended')).toHaveLength(1);
  });

  test('accepts a new call of a participant at once after 3 s', async () => {
    server.script('poll', after(0, invite('first')), after(1_000, invite('second')), forever);
    const mesh = await openMesh();
    await server.time.advance(PACE_MS - 1);
    expect(mesh.calls.get('other')).toMatchObject({ callId: 'second', state: 'incoming' });
    expect(begun.map(({ callId, state }) => [callId, state])).toEqual([['first', 'ended']]);
    await server.time.advance(1);
    expect(begun[1]).toMatchObject({ callId: 'second', state: 'connecting' });
    expect(opened).toEqual([
      { atMs: 0, to: 'other' },
      { atMs: PACE_MS, to: 'other' },
    ]);
  });

  test('opens no connection for a call that was cancelled while it waited', async () => {
    const cancel = message('cancel', { callId: 'second' });
    server.script('poll', after(0, invite('first')), after(1_000, invite('second')), after(1_000, cancel), forever);
    const mesh = await openMesh();
    await server.time.advance(10_000);
    expect([opened.length, mesh.calls.size]).toEqual([1, 0]);
  });

  test('accepts a second participant at once while the first one waits', async () => {
    server.script('poll', after(0, invite('first')), after(1_000, invite('second'), invite('a', 'third')), forever);
    await openMesh();
    await server.time.advance(2_000);
    expect(opened.map(({ to }) => to)).toEqual(['other', 'third']);
  });

  test('calls a participant again after 3 s when this side has just called it and joins again', async () => {
    const participants = PRESENT.slice(0, 2);
    server.on('join', () => json(201, server.joinResult({ participants })));
    const calledId = (): unknown => (server.all('send')[0]?.body.messages as { callId: string }[])[0]?.callId;
    server.script(
      'poll',
      async () => {
        await server.time.after(1_000);
        return batch('c1', message('reject', { callId: calledId() }));
      },
      () => problem(410, 'participant-gone', { reason: 'timeout' }),
      forever,
    );
    await openMesh();
    await server.time.advance(2_500);
    expect([server.count('join'), opened.length]).toEqual([2, 1]);
    await server.time.advance(PACE_MS);
    expect(opened.map(({ to }) => to)).toEqual(['other', 'other']);
  });

  test('hangs up a waiting call when it is closed', async () => {
    server.script('poll', after(0, invite('first')), after(1_000, invite('second')), forever);
    const mesh = await openMesh();
    await server.time.advance(2_000);
    const waiting = mesh.calls.get('other');
    mesh.close();
    await server.time.advance(10_000);
    expect([waiting?.state, opened.length]).toEqual(['ended', 1]);
  });
});
