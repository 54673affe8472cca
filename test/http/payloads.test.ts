import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cleanUp } from '../support/clean-up.ts';
import { Connection, requestText } from '../support/connection.ts';
import { closeServices, type ListeningService, startService } from '../support/holdline.ts';
import { join, type Member, newRoom } from '../support/member.ts';

let server: ListeningService;
let alice: Member;
let bob: Member;
beforeAll(async () => {
  server = await startService({ rateLimit: 'off' });
  alice = await join(server.url, newRoom(), 'alice');
  bob = await join(server.url, alice.roomId, 'bob');
});
afterAll(async () => {
  await cleanUp();
  await closeServices();
});

/** The bytes of bob's next batch. */
let cursor: string | undefined;
async function pollText(): Promise<string> {
  const connection = await Connection.open(server.url);
  const after = cursor === undefined ? '' : `&after=${cursor}`;
  connection.write(requestText('GET', `/v1/rooms/${bob.roomId}/messages?wait=0${after}`, { token: bob.token }));
  const { text } = await connection.reply();
  ({ cursor } = JSON.parse(text) as { cursor: string });
  return text;
}

describe('a payload arrives byte for byte as it was sent', () => {
  const SDP = JSON.stringify('v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n');

  test.each<[string, string, string]>([
    ['unknown keys of an offer', 'offer', `{"type":"offer","sdp":${SDP},"toJSON":{},"x-y":[1]}`],
    ['unknown keys of a candidate', 'candidate', '{"candidate":"","sdpMid":null,"relayProtocol":"tls","priority":1e0}'],
    ['the end of candidates of Licode', 'candidate', '{"candidate":"end","sdpMid":"end","sdpMLineIndex":-1}'],
    ['a provisional answer', 'answer', `{ "sdp" : ${SDP} , "type":"pranswer" }`],
    ['a reason that nobody knows', 'hangup', '{"reason":"moon phase","seconds":12.50}'],
    ['keys that objects know', 'custom', '{"__proto__":{"a":1},"constructor":{"prototype":1},"toString":0,"":"empty"}'],
    ['the order of keys, also of numbers', 'custom', '{"b":1,"a":2,"10":3,"9":4}'],
    ['a key twice', 'custom', '{"a":1,"a":2}'],
    ['white space', 'custom', '{\r\n\t"a" : [ 1 ,\n2 ] }'],
    ['numbers as they were written', 'custom', '[1.0,1.50,-0,0e0,1E+2,1e308,-1e-400]'],
    ['whole numbers above 2^53', 'custom', '[9007199254740993,12345678901234567890,18446744073709551615]'],
    ['NUL and other control characters', 'custom', '"\\u0000\\u0001\\u001f\\u007f\\u2028"'],
    ['escapes that need none', 'custom', '"\\u0041\\/\\u00e9"'],
    ['text without escapes', 'custom', '"é\u{1F600}\u2028\u202e\u007f"'],
    ['brackets and quotes in texts', 'custom', '["}","]","\\"","\\\\",",{[\\\\\\""]'],
    ['depth', 'custom', `${'[{"a":'.repeat(32)}1${'}]'.repeat(32)}`],
    ['null', 'custom', 'null'],
    ['false', 'custom', 'false'],
    ['a number', 'custom', '0.10'],
    ['an empty text', 'custom', '""'],
    ['an empty object where one is optional', 'invite', '{}'],
  ])('%s', async (_, type, payload) => {
    const before = await pollText();
    expect(before).toContain('"cursor"');
    const single = `{"payload":${payload},"type":"${type}","to":"bob"}`;
    expect((await alice.call('sendMessage', { text: single })).status).toBe(201);
    expect(await pollText()).toContain(`"type":"${type}","payload":${payload},"sentAt"`);
    const batch = ` { "messages" : [{"type":"ringing","callId":"payload"}, ${single} ] }`;
    expect((await alice.call('sendMessages', { text: batch })).status).toBe(201);
    expect(await pollText()).toContain(`"type":"${type}","payload":${payload},"sentAt"`);
  });

  test('a message sent without a payload arrives without one', async () => {
    await pollText();
    await alice.sendAll([{ type: 'custom' }, { type: 'invite' }]);
    expect(await pollText()).not.toContain('payload');
  });

  test.each(['{"a":1,"payload":2}', '"payload"', '{"payload":{"payload":"\\""}}'])(
    'a nested `payload` is not mistaken for the payload: %s',
    async (payload) => {
      await pollText();
      const text = `{"callId":"payload","payload":1,"type":"custom","p\\u0061yload":${payload}}`;
      expect((await alice.call('sendMessage', { text })).status).toBe(201);
      expect(await pollText()).toContain(`"payload":${payload},"callId":"payload"`);
    },
  );
});

test('metadata and names of participants arrive with every key and character', async () => {
  const metadata = JSON.parse('{"__proto__":{"a":1},"s":"\\ud83d\\ude00","n":null,"":[]}') as Record<string, unknown>;
  const displayName = 'Zoë \u{1F600} \u0000\u2028"\\';
  await join(server.url, alice.roomId, { participantId: 'zoe', displayName, metadata });
  const zoe = (await alice.roster()).find(({ participantId }) => participantId === 'zoe');
  expect(zoe?.displayName).toBe(displayName);
  expect(JSON.stringify(zoe?.metadata)).toBe(JSON.stringify(metadata));
});
