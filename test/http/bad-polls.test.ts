import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Express } from 'express';
import { decodeCursor, encodeCursor } from '../../src/signalling/cursor.ts';
import type { ProblemCode } from '../../src/wire/index.ts';
import type { Answer } from '../support/conformance.ts';
import { closeServices, createService } from '../support/holdline.ts';
import { pointersOf, problemOf } from '../support/http.ts';
import { join, type Member, newRoom } from '../support/member.ts';

let app: Express;
let alice: Member;
let bob: Member;
beforeAll(async () => {
  ({ app } = await createService({ rateLimit: 'off' }));
  alice = await join(app, newRoom(), 'alice');
  // Alice has a pending participant-joined, so her valid polls are answered at once.
  bob = await join(app, alice.roomId, 'bob');
});
afterAll(closeServices);

const poll = (fields: object): Promise<Answer> => alice.call('pollMessages', { body: { wait: 0, ...fields } });
const get = (query: string): Promise<Answer> => alice.call('receiveMessages', { query });
const acknowledge = (cursor: unknown): Promise<Answer> => alice.call('acknowledgeMessages', { body: { cursor } });

/** Every operation that takes a cursor. */
async function expectCursorRefused(cursor: string, code: ProblemCode): Promise<void> {
  const query = String(new URLSearchParams({ wait: '0', after: cursor }));
  for (const answer of [await get(query), await poll({ after: cursor }), await acknowledge(cursor)]) {
    const { resetCursor } = problemOf(answer, code);
    expect(resetCursor).toEqual(code === 'cursor-expired' ? alice.joined.cursor : undefined);
  }
}

describe('a cursor that cannot be read is invalid-cursor', () => {
  test.each([
    ['empty', ''],
    ['a space', ' '],
    ['4,000 characters', 'a'.repeat(4_000)],
    ['4,000 digits', '9'.repeat(4_000)],
    ['unicode', '\u{1F600}é\u202e'],
    ['a NUL', '\0'],
    ['-1', '-1'],
    ['1e3', '1e3'],
    ['2^63', '9223372036854775808'],
    ['null as text', 'null'],
    ['JSON', '{"position":0}'],
    ['a path', '../../etc/passwd'],
    ['SQL', "'; DROP TABLE messages; --"],
  ])('%s', async (_, cursor) => {
    await expectCursorRefused(cursor, 'invalid-cursor');
  });

  test.each([
    ['a character more', (cursor: string) => `${cursor}0`.replace(/.(0+)$/, '$10!')],
    ['white space around it', (cursor: string) => ` ${cursor} `],
    ['upper case', (cursor: string) => `${cursor}A`],
    ['a leading zero', (cursor: string) => cursor.replace('.', '.0')],
    ['a position above 2^53', (cursor: string) => cursor.replace(/\..*/, '.zzzzzzzzzzz')],
    ['no position', (cursor: string) => cursor.replace(/\..*/, '.')],
    ['half of it', (cursor: string) => cursor.slice(0, 6)],
    ['two of it', (cursor: string) => `${cursor}${cursor}`],
  ])('a valid cursor with %s', async (_, spoil) => {
    await expectCursorRefused(spoil(alice.joined.cursor), 'invalid-cursor');
  });

  test.each([1, null, true, [], {}, ['x']])('a cursor that is not text is a fault of its field: %j', async (cursor) => {
    expect(pointersOf(await poll({ after: cursor }))).toEqual(['/body/after']);
    expect(pointersOf(await acknowledge(cursor))).toEqual(['/body/cursor']);
  });

  test('a repeated cursor is a fault of the query', async () => {
    const { cursor } = alice.joined;
    expect(pointersOf(await get(`wait=0&after=${cursor}&after=${cursor}`))).toEqual(['/query/after']);
  });
});

describe('an expired cursor is cursor-expired with a resetCursor', () => {
  test('a cursor of another mailbox', async () => {
    await expectCursorRefused(bob.joined.cursor, 'cursor-expired');
  });

  test('a cursor ahead of the mailbox, as after a roll-back of the store', async () => {
    const { cursor } = await alice.poll();
    const { mailboxId, position } = decodeCursor(cursor);
    await expectCursorRefused(encodeCursor({ mailboxId, position: position + 1 }), 'cursor-expired');
  });

  test('a cursor behind the acknowledged position: a poll is refused, an acknowledgement changes nothing', async () => {
    const carol = await join(app, newRoom(), 'carol');
    const dave = await join(app, carol.roomId, 'dave');
    const { cursor } = await carol.poll();
    expect((await carol.call('acknowledgeMessages', { body: { cursor } })).status).toBe(204);
    const late = carol.joined.cursor;
    const { resetCursor } = problemOf(
      await carol.call('receiveMessages', { query: { after: late, wait: 0 } }),
      'cursor-expired',
    );
    expect(resetCursor).toBe(cursor);
    expect((await carol.call('acknowledgeMessages', { body: { cursor: late } })).status).toBe(204);
    await dave.send({ type: 'invite' });
    expect((await carol.poll({ after: cursor })).messages).toMatchObject([{ type: 'invite' }]);
  });

  test('a cursor of the old mailbox after a new join', async () => {
    const carol = await join(app, newRoom(), 'carol');
    const again = await carol.rejoin();
    const answer = await again.call('receiveMessages', { query: { after: carol.joined.cursor, wait: 0 } });
    expect(problemOf(answer, 'cursor-expired').resetCursor).toBe(again.joined.cursor);
  });
});

describe('wait and limit in the query are whole numbers in plain digits', () => {
  test.each([
    ...[
      '-1',
      '1e9',
      'abc',
      '25.5',
      '',
      '%20',
      '%201',
      '%2B1',
      '0x10',
      '1_0',
      '1,000',
      '%D9%A3',
      'NaN',
      'Infinity',
      'null',
    ].flatMap((value) => [`wait=${value}`, `limit=${value}`]),
    'wait=1&wait=1',
    'wait=1&wait=2',
    'limit=1&limit=1',
    'limit=0',
    'limit=101',
    'limit=99999999999999999999',
  ])('%s is refused', async (query) => {
    const [name = ''] = query.split('=');
    expect(pointersOf(await get(query))).toEqual([`/query/${name}`]);
  });

  test.each([
    'wait=0',
    'wait=007',
    'wait=51',
    'wait=1000000000',
    `wait=${'9'.repeat(400)}`,
    'limit=1',
    'limit=100',
    '',
    'wait=0&',
  ])('%s is accepted', async (query) => {
    expect((await get(query)).status).toBe(200);
  });

  test('all faults are reported at once', async () => {
    expect(pointersOf(await get('limit=0&wait=-1&after=x&after=y&Wait=1&__proto__=1&a%2Fb~c=1'))).toEqual([
      '/query/after',
      '/query/wait',
      '/query/limit',
      '/query/Wait',
      '/query/__proto__',
      '/query/a~1b~0c',
    ]);
  });
});

describe('wait and limit in the body are whole numbers', () => {
  test.each(['-1', '25.5', '"25"', '"abc"', 'true', 'null', '[]', '[1]', '{}', '1e400', '-1e9', '1e-7'])(
    '%s is refused',
    async (json) => {
      const answer = await alice.call('pollMessages', { text: `{"limit":${json},"wait":${json}}` });
      expect(pointersOf(answer)).toEqual(['/body/wait', '/body/limit']);
    },
  );

  test.each(['0', '1e9', '25.0', '1E2', '-0', '99999999999999999999'])('a wait of %s is accepted', async (json) => {
    expect((await alice.call('pollMessages', { text: `{"wait":${json}}` })).status).toBe(200);
  });

  test.each(['0', '101', '1e9', '-0'])('a limit of %s is refused', async (json) => {
    expect(pointersOf(await alice.call('pollMessages', { text: `{"limit":${json}}` }))).toEqual(['/body/limit']);
  });

  test('all faults are reported at once, in the body only', async () => {
    expect(pointersOf(await poll({ limit: 0, wait: -1, after: 1, before: 'x' }))).toEqual([
      '/body/after',
      '/body/wait',
      '/body/limit',
      '/body/before',
    ]);
    expect(pointersOf(await alice.call('pollMessages', { query: 'wait=0', body: {} }))).toEqual(['/query/wait']);
  });
});
