import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Command, killAll, startServer } from '../support/command.ts';
import { call, problemOf } from '../support/http.ts';
import { join, newRoom } from '../support/member.ts';

let server: Awaited<ReturnType<typeof startServer>>;
beforeAll(async () => {
  server = await startServer({ env: { ADMIN_PORT: '0' } });
});
afterAll(killAll);

const SECRET = 'v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\n';

/** A room with two joins, an acknowledged invite and a pending offer. */
async function afterCall() {
  const { url, adminPort } = server;
  const admin = `http://127.0.0.1:${String(adminPort)}`;
  const alice = await join(url, newRoom(), { participantId: 'alice', displayName: 'Alice In Person' });
  const bob = await join(url, alice.roomId, 'bob');
  await alice.send({ to: 'bob', type: 'invite' });
  const { cursor } = await bob.poll();
  await bob.poll({ after: cursor });
  await alice.send({ to: 'bob', type: 'offer', payload: { type: 'offer', sdp: SECRET } });
  const answer = await call(admin, 'traceRoom', { roomId: alice.roomId });
  return { url, admin, adminPort: String(adminPort), alice, bob, lines: String(answer.body).split('\n') };
}

const lineWith = (lines: readonly string[], text: string) => lines.find((line) => line.includes(text)) ?? '';

describe("a room's trace", () => {
  test('shows joins, and for each message its sender, type, recipient and delivery', async () => {
    const { lines } = await afterCall();
    expect(lineWith(lines, 'alice  joined')).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /);
    expect(lineWith(lines, 'sent invite')).toMatch(
      /alice +sent invite to bob: in a reply after \d+ ms, acknowledged after \d+ ms +\[[0-9a-f-]{36}\]/,
    );
    expect(lineWith(lines, 'sent offer')).toContain('bob: in no reply yet');
  });

  test('shows how polls ended and which messages they returned', async () => {
    const { lines } = await afterCall();
    expect(lineWith(lines, 'poll, answered with')).toMatch(/bob +poll, answered with invite/);
    expect(lineWith(lines, 'poll, answered empty')).toContain('at the end of its window');
  });

  test('contains no payloads, tokens or display names', async () => {
    const { lines, alice } = await afterCall();
    const text = lines.join('\n');
    for (const secret of ['192.0.2.7', 'v=0', alice.token, 'Alice In Person']) expect(text).not.toContain(secret);
  });

  test('remains after the room has ended', async () => {
    const { admin, alice, bob } = await afterCall();
    await alice.leave();
    await bob.leave();
    const { body } = await call(admin, 'traceRoom', { roomId: alice.roomId });
    expect(String(body)).toMatch(/bob +gone \(left\), unacknowledged messages: 1/);
  });

  test('shows the polls that are held now', async () => {
    const { admin, alice, bob } = await afterCall();
    const { cursor } = await bob.poll();
    const held = bob.call('receiveMessages', { query: { wait: 20, after: cursor } });
    for (let text = ''; !text.includes('polls held: bob for ');) {
      text = String((await call(admin, 'traceRoom', { roomId: alice.roomId })).body);
    }
    await alice.leave();
    expect(await held).toMatchObject({ status: 200 });
  });

  test('is 404 for an unknown room', async () => {
    const { admin } = await afterCall();
    problemOf(await call(admin, 'traceRoom', { roomId: 'nowhere' }), 'not-found');
  });
});

describe('holdline trace ROOM', () => {
  const run = (args: readonly string[], env: Record<string, string> = {}) =>
    new Command(['trace', ...args], { env }).ended;

  test('prints the trace from a running server', async () => {
    const { adminPort, alice } = await afterCall();
    const { code, stdout } = await run([alice.roomId, '--admin-port', adminPort]);
    expect({ code, first: stdout.split(',')[0] }).toEqual({ code: 0, first: `room ${alice.roomId}` });
    expect(stdout).toContain('sent invite to bob');
  });

  test('reads ADMIN_PORT from the environment, like the server', async () => {
    const { adminPort, alice } = await afterCall();
    expect(await run([alice.roomId], { ADMIN_PORT: adminPort, HOST: '0.0.0.0' })).toMatchObject({ code: 0 });
  });

  test('fails with one line for an unknown room', async () => {
    const { adminPort } = await afterCall();
    const { code, stderr } = await run(['nowhere', '--admin-port', adminPort]);
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^holdline: This process has no trace of the room: .*\n$/),
    });
  });

  test('fails with one line when ADMIN_PORT is not set', async () => {
    const { code, stderr } = await run(['room']);
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringMatching(/^holdline: .*ADMIN_PORT.*\n$/) });
  });

  test('fails with one line when no server answers', async () => {
    const { code, stderr } = await run(['room', '--admin-port', '1']);
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringMatching(/^holdline: no server .*\n$/) });
  });

  test('exits with 2 when no room is named', async () => {
    expect(await run(['--admin-port', '1'])).toMatchObject({ code: 2 });
  });
});
