import { afterEach, describe, expect, test } from '@jest/globals';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join as inside } from 'node:path';
import { Command, killAll } from '../support/command.ts';
import { cleanUp } from '../support/clean-up.ts';
import { problemOf } from '../support/http.ts';
import { join, Member, newRoom } from '../support/member.ts';
import { ServerProcess, temporaryDirectory } from '../support/server-process.ts';

afterEach(cleanUp);
afterEach(killAll);

const backup = (database: string, file: string) =>
  new Command(['backup', file, '--store-url', `sqlite:${database}`]).ended;

const serve = (database: string) =>
  ServerProcess.start({ env: { STORE_URL: `sqlite:${database}`, RATE_LIMIT: 'off', MAX_MAILBOX_MESSAGES: '100000' } });

const numbersOf = (messages: readonly { payload?: unknown }[]) => messages.flatMap(({ payload }) => payload ?? []);

/** A server with two participants, on a database in a directory of its own. */
async function setUp() {
  const directory = temporaryDirectory();
  const database = inside(directory, 'holdline.db');
  const server = await serve(database);
  const alice = await join(server.url, newRoom(), 'alice');
  const bob = await join(server.url, alice.roomId, 'bob');
  const send = (payload: number) => alice.send({ to: 'bob', type: 'custom', payload });
  return { directory, database, server, bob, send, file: inside(directory, 'copy.db') };
}

const at = ({ url }: ServerProcess, { joined }: Member) => new Member(url, joined);

describe('holdline backup FILE', () => {
  test('copies a database as of one moment while a server writes to it', async () => {
    const { server, bob, send, database, file } = await setUp();
    for (let number = 0; number < 5; number += 1) await send(number);
    let sent = 5;
    const copied = backup(database, file);
    const copying = { isDone: false };
    void copied.then(() => (copying.isDone = true));
    while (!copying.isDone) await send(sent++);
    expect(await copied).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/copy\.db: \d+ bytes, checked\n$/),
    });
    await server.stop();

    const restored = await serve(file);
    const numbers = numbersOf((await at(restored, bob).poll({ limit: 100 })).messages);
    expect(numbers).toEqual(numbers.map((_, index) => index));
    expect(numbers.length).toBeGreaterThanOrEqual(5);
    expect(numbers.length).toBeLessThanOrEqual(sent);
  });

  test('copies the database of a killed server, and changes none of its files', async () => {
    const { directory, server, bob, send, database, file } = await setUp();
    await send(1);
    await server.kill();
    const before = readdirSync(directory).toSorted();
    expect(await backup(database, file)).toMatchObject({ code: 0 });
    expect(readdirSync(directory).toSorted()).toEqual([...before, 'copy.db'].toSorted());
    const restored = await serve(file);
    expect(numbersOf((await at(restored, bob).poll()).messages)).toEqual([1]);
  });

  test('creates one file, which only its owner may read', async () => {
    const { directory, database, file } = await setUp();
    await backup(database, file);
    expect(readdirSync(directory).filter((name) => name.startsWith('copy'))).toEqual(['copy.db']);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test.each([
    ['overwrite', 'is there already and is not overwritten', (file: string) => writeFileSync(file, 'precious')],
    ['write into a directory that is not there', 'cannot write', () => undefined],
  ])('does not %s', async (what, words, prepare) => {
    const { directory, database } = await setUp();
    const file = what === 'overwrite' ? inside(directory, 'copy.db') : inside(directory, 'nowhere', 'copy.db');
    prepare(file);
    const { code, stdout, stderr } = await backup(database, file);
    expect({ code, stdout, lines: stderr.split('\n').length }).toEqual({ code: 1, stdout: '', lines: 2 });
    expect(stderr).toContain(words);
    expect(existsSync(`${file}.partial`)).toBe(false);
  });

  test.each([
    ['sqlite::memory:', 'in memory'],
    ['sqlite:/nowhere/holdline.db', 'there is no database /nowhere/holdline.db'],
  ])('reports in one line that %s cannot be backed up', async (url, words) => {
    const { code, stderr } = await new Command(['backup', '/tmp/never', '--store-url', url]).ended;
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(`^holdline: .*${words}.*\n$`) });
  });

  test('ends with 2 without a file', async () => {
    const { code, stderr } = await new Command(['backup']).ended;
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: "holdline: missing required argument 'FILE'; see --help\n",
    });
  });
});

describe('after a restore', () => {
  test('a cursor from before the backup continues, and skips nothing', async () => {
    const { server, bob, send, database, file } = await setUp();
    await send(1);
    const { cursor } = await bob.poll();
    await send(2);
    await backup(database, file);
    await server.stop();
    const restored = await serve(file);
    expect(numbersOf((await at(restored, bob).poll({ after: cursor })).messages)).toEqual([2]);
  });

  test('a cursor from after the backup is refused as expired, and new messages are not skipped', async () => {
    const { server, bob, send, database, file } = await setUp();
    await send(1);
    await backup(database, file);
    await send(2);
    const { cursor } = await bob.poll();
    await server.stop();
    const restored = await serve(file);
    const again = at(restored, bob);
    const answer = await again.call('receiveMessages', { query: { wait: 0, after: cursor } });
    const { resetCursor = '' } = problemOf(answer, 'cursor-expired');
    expect(numbersOf((await again.poll({ after: resetCursor })).messages)).toEqual([1]);
  });
});
