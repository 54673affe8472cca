import { afterEach, expect, test } from '@jest/globals';
import { killAll } from '../support/command.ts';
import { cleanUp } from '../support/clean-up.ts';
import { Connection, type RawReply } from '../support/connection.ts';
import { call } from '../support/http.ts';
import { join, Member } from '../support/member.ts';
import { ServerProcess } from '../support/server-process.ts';

afterEach(cleanUp);
afterEach(killAll);

/** Small enough for the descriptor limit of one machine, which server and clients share. */
const CAP = 500;
const BEYOND = 100;
const IDLE = 2_000;
const PER_ROOM = 25;

test('polls above MAX_HELD_POLLS get 429 and held polls stay held, with 2,000 idle connections open', async () => {
  const env = { RATE_LIMIT: 'off', MAX_HELD_POLLS: String(CAP), MAX_WAIT_SECONDS: '120' };
  const { url } = await ServerProcess.start({ env });
  const rooms = (CAP + BEYOND) / PER_ROOM;
  const members = (await Promise.all(Array.from({ length: rooms }, (_, room) => fullRoom(url, `room-${room}`)))).flat();
  const idle = await Promise.all(Array.from({ length: IDLE }, () => Connection.open(url)));

  const polls = await Promise.all(members.map((member) => startPoll(url, member)));
  const refused = await firstAnswered(polls, BEYOND);
  for (const poll of refused) {
    const { status, headers, text } = await poll.reply;
    expect({ status, code: (JSON.parse(text) as { code: string }).code }).toEqual({
      status: 429,
      code: 'too-many-polls',
    });
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
  }
  expect(String((await call(url, 'getMetrics', {})).body)).toContain(`holdline_held_polls ${CAP}\n`);

  const held = polls.filter((poll) => !refused.includes(poll));
  const [first, ...others] = held;
  const sender = members.find(({ roomId, id }) => roomId === first?.member.roomId && id !== first.member.id);
  const ended = Promise.race(others.map(async ({ reply }) => (await reply).status));
  await sender?.send({ to: first?.member.id ?? '', type: 'invite' });
  expect((await first?.reply)?.text).toContain('"invite"');
  // All other polls are still held, so no window has ended.
  expect(await Promise.race([ended, Promise.resolve('held')])).toBe('held');
  expect(idle.filter(({ socket }) => socket.destroyed)).toEqual([]);
});

async function fullRoom(url: string, roomId: string): Promise<Member[]> {
  const members: Member[] = [];
  for (let index = 0; index < PER_ROOM; index += 1) members.push(await join(url, roomId, `p${index}`));
  // A poll from the cursor of this batch finds no message and is held.
  const cursors = await Promise.all(members.map((member) => member.poll()));
  return members.map(
    (member, index) => new Member(url, { ...member.joined, cursor: cursors[index]?.cursor ?? member.joined.cursor }),
  );
}

interface Poll {
  readonly member: Member;
  readonly reply: Promise<RawReply>;
}

async function startPoll(url: string, member: Member): Promise<Poll> {
  const connection = await Connection.open(url);
  const { roomId, token, joined } = member;
  connection.request('GET', `/v1/rooms/${roomId}/messages?wait=120&after=${joined.cursor}`, { token });
  const reply = connection.reply();
  // Polls that are still held at the end of the test reject.
  reply.catch(() => undefined);
  return { member, reply };
}

function firstAnswered(polls: readonly Poll[], count: number): Promise<readonly Poll[]> {
  return new Promise((resolve, reject) => {
    const answered: Poll[] = [];
    const note = (poll: Poll): void => {
      if (answered.push(poll) === count) resolve(answered);
    };
    for (const poll of polls) poll.reply.then(() => note(poll), reject);
  });
}
