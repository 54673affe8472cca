import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Express } from 'express';
import type { OperationId } from '../../src/http/operations/index.ts';
import type { ProblemCode } from '../../src/wire/index.ts';
import { closeServices, createService } from '../support/holdline.ts';
import { call, pointersOf, problemOf, type Sent } from '../support/http.ts';
import { join, type Member, newRoom } from '../support/member.ts';

let app: Express;
let alice: Member;
beforeAll(async () => {
  ({ app } = await createService({ rateLimit: 'off' }));
  alice = await join(app, newRoom(), 'alice');
});
// No request may change the room.
afterEach(async () => {
  expect(await alice.roster()).toHaveLength(1);
});
afterAll(closeServices);

const WITH_BODY = [
  'joinRoom',
  'leaveRoomByPost',
  'sendMessage',
  'sendMessages',
  'pollMessages',
  'acknowledgeMessages',
] as const;

/** Expects the same refusal from every operation that takes a body. */
async function expectRefused(sent: Sent, code: ProblemCode): Promise<string[][]> {
  const pointers: string[][] = [];
  for (const id of WITH_BODY) {
    const { errors } = problemOf(await alice.call(id, sent), code);
    pointers.push((errors ?? []).map(({ pointer }) => pointer));
  }
  return pointers;
}

describe('text that cannot be parsed is invalid-json', () => {
  test.each<[string, string | Buffer]>([
    ['an opening brace', '{'],
    ['one brace too many', '{}}'],
    ['single quotes', "{'type':'invite'}"],
    ['a trailing comma', '{"type":"invite",}'],
    ['a comment', '{} // x'],
    ['quotes that a shell removed', '{type:invite}'],
    ['a word', 'undefined'],
    ['NaN', '{"wait":NaN}'],
    ['white space only', ' \r\n\t'],
    ['a NUL', '\0'],
    ['a NUL at the end', '{}\0'],
    ['a bare control character in a text', '{"type":"in\nvite"}'],
    ['half an escape', '{"type":"\\u12"}'],
    ['a form', 'type=invite'],
    ['a byte order mark', '\u{feff}{}'],
    ['bytes that are no UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['half a character', Buffer.from([0x22, 0xe2, 0x82, 0x22])],
    ['a lone surrogate as bytes', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
    ['UTF-16', Buffer.from('{}', 'utf16le')],
  ])('%s', async (_, text) => {
    await expectRefused({ text }, 'invalid-json');
  });

  test('the detail of invalid-json quotes nothing of the body', async () => {
    const answer = await alice.call('sendMessage', { text: '{"type":"offer","payload":{"sdp":"v=0 secret"' });
    expect(JSON.stringify(problemOf(answer, 'invalid-json'))).not.toMatch(/secret|v=0/);
  });
});

describe('a JSON body that is not an object is invalid-request', () => {
  test.each(['null', '1', '-0', '"x"', 'true', 'false', '[]', '[{}]', '""', '1e400'])('%s', async (text) => {
    const pointers = await expectRefused({ text }, 'invalid-request');
    expect(pointers).toEqual(WITH_BODY.map(() => ['/body']));
  });
});

describe('a body of another type is unsupported-media-type', () => {
  const ok = '{}';
  test.each<[string, Record<string, string>]>([
    ['a form, as curl sends it', { 'Content-Type': 'application/x-www-form-urlencoded' }],
    ['plain text', { 'Content-Type': 'text/plain' }],
    ['other JSON', { 'Content-Type': 'application/problem+json' }],
    ['JSON lines', { 'Content-Type': 'application/jsonl' }],
    ['Latin 1', { 'Content-Type': 'application/json; charset=iso-8859-1' }],
    ['UTF-16', { 'Content-Type': 'application/json; charset=utf-16' }],
    ['compressed', { 'Content-Encoding': 'gzip' }],
    ['compressed twice', { 'Content-Encoding': 'gzip, br' }],
  ])('%s', async (_, headers) => {
    await expectRefused({ text: ok, headers }, 'unsupported-media-type');
  });

  test('the detail of unsupported-media-type shows the curl flag', async () => {
    const sent = { text: ok, headers: { 'Content-Type': 'application/x-www-form-urlencoded' } };
    expect(problemOf(await alice.call('sendMessage', sent), 'unsupported-media-type').detail).toContain(
      "-H 'Content-Type: application/json'",
    );
  });

  test('a gzip bomb is not unpacked', async () => {
    const text = gzipSync(Buffer.alloc(50_000_000));
    await expectRefused(
      { text: text.subarray(0, 40_000), headers: { 'Content-Encoding': 'gzip' } },
      'unsupported-media-type',
    );
  });
});

describe('every spelling of application/json in UTF-8 is accepted', () => {
  test.each([
    'application/json',
    'Application/JSON',
    'application/json;charset=utf-8',
    'application/json; charset="UTF-8"',
    'application/json; charset=utf8',
    'application/json;',
  ])('%s', async (type) => {
    const sent = { text: ' {"wait" : 0}\n', headers: { 'Content-Type': type, 'Content-Encoding': 'identity' } };
    expect((await alice.call('pollMessages', sent)).status).toBe(200);
  });
});

describe('an absent body counts as {}', () => {
  const answers: [OperationId, number, string[]][] = [
    ['joinRoom', 201, []],
    ['sendMessage', 400, ['/body/type']],
    ['sendMessages', 400, ['/body/messages']],
    ['acknowledgeMessages', 400, ['/body/cursor']],
    ['leaveRoomByPost', 204, []],
  ];
  test.each(answers)('%s', async (id, status, pointers) => {
    const room = await join(app, newRoom());
    for (const sent of [{}, { headers: { 'Content-Type': 'application/json', 'Content-Length': '0' } }]) {
      const answer = await room.call(id, sent);
      expect(answer.status).toBe(status);
      if (status === 400) expect(pointersOf(answer)).toEqual(pointers);
    }
  });

  test('pollMessages', async () => {
    await join(app, alice.roomId, 'bob').then((bob) => bob.leave());
    expect((await alice.call('pollMessages')).status).toBe(200);
  });
});

describe('a deeply nested body', () => {
  const nested = (depth: number, open: string, inner: string, close: string): Sent => ({
    text: `{"type":"custom","payload":${open.repeat(depth)}${inner}${close.repeat(depth)}}`,
  });

  test.each([
    ['arrays', '[', '', ']'],
    ['objects', '{"a":', '1', '}'],
  ])('of 10,000 %s is refused', async (_, open, inner, close) => {
    expect(pointersOf(await alice.call('sendMessage', nested(10_000, open, inner, close)))).toEqual(['/body']);
  });

  test('a payload of 64 levels is accepted, whatever surrounds it', async () => {
    expect((await alice.call('sendMessage', nested(64, '[', '', ']'))).status).toBe(201);
    expect((await alice.call('sendMessage', nested(64, '{"a":', '1', '}'))).status).toBe(201);
    expect(pointersOf(await alice.call('sendMessage', nested(65, '[', '', ']')))).toEqual(['/body/payload']);
  });

  test('brackets in strings do not count as levels', async () => {
    const body = { type: 'custom', payload: `${'[{'.repeat(500)}"` };
    expect((await alice.call('sendMessage', { body })).status).toBe(201);
  });
});

describe('a payload that some JSON parsers cannot read is refused with its pointer', () => {
  const poison: [string, string, string][] = [
    ['half of a surrogate pair', '"\\ud800"', ''],
    ['the other half, in a list', '[1,["x\\uDC00"]]', '/1/0'],
    ['a pair in the wrong order', '{"a":{"b":"\\ude00\\ud83d"}}', '/a/b'],
    ['half of a pair in a name', '{"\\ud800":1}', '/\ufffd'],
    ['a number beyond a double', '{"a":[0,1e400]}', '/a/1'],
    ['such a number without an exponent', `[-1${'0'.repeat(400)}]`, '/0'],
    ['one whose exponent has two digits', `[1${'0'.repeat(300)}e99]`, '/0'],
    ['one that a later member hides', '{"a":"\\ud800","a":"x"}', '/a'],
  ];

  test.each(poison)('%s', async (_, payload, path) => {
    const single = await alice.call('sendMessage', { text: `{"type":"custom","payload":${payload}}` });
    expect(pointersOf(single)).toEqual([`/body/payload${path}`]);
    const text = `{"messages":[{"type":"invite"},{"type":"custom","payload":${payload}}]}`;
    expect(pointersOf(await alice.call('sendMessages', { text }))).toEqual([`/body/messages/1/payload${path}`]);
  });

  test.each(poison)('metadata is refused, too: %s', async (_, value, path) => {
    const answer = await call(app, 'joinRoom', { roomId: newRoom() }, { text: `{"metadata":{"m":${value}}}` });
    expect(pointersOf(answer)).toEqual([`/body/metadata/m${path}`]);
  });

  test('every parser can read the response', async () => {
    const answer = await alice.call('sendMessage', { text: '{"type":"invite","\\ud800":1}' });
    expect(JSON.stringify(answer.body)).not.toMatch(/\\ud800/i);
    expect(pointersOf(answer)).toEqual(['/body/\ufffd']);
  });

  test.each([
    ['whole pairs, escaped or not', '"\\ud83d\\ude00 \u{1F600} \\\\ud800"'],
    ['large numbers', '[1e308,-1.5E+300,12345678901234567890,1e-400,"1e400"]'],
    ['duplicate names in other payloads', '{"a":1,"a":2}'],
  ])('%s pass untouched', async (_, payload) => {
    const bob = await join(app, alice.roomId, 'bob');
    const text = `{"to":"bob","type":"custom","payload":${payload}}`;
    expect((await alice.call('sendMessage', { text })).status).toBe(201);
    expect(JSON.stringify((await bob.poll()).messages.at(-1)?.payload)).toBe(JSON.stringify(JSON.parse(payload)));
    await bob.leave();
  });
});

test.each([
  ['an offer', 'offer', '{"type":"offer","sdp":"v=0","s\\u0064p":"v=0 other"}', '/sdp'],
  ['an answer', 'answer', '{"type":"answer","type":"pranswer","sdp":"v=0"}', '/type'],
  ['a candidate', 'candidate', '{"candidate":"","extra":{"a":1,"a":2}}', '/extra/a'],
])(
  'in %s a duplicate member is refused, since parsers would see different sessions',
  async (_, type, payload, path) => {
    const answer = await alice.call('sendMessage', { text: `{"type":"${type}","payload":${payload}}` });
    expect(pointersOf(answer)).toEqual([`/body/payload${path}`]);
  },
);
