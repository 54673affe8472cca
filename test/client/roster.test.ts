import { beforeEach, expect, test } from '@jest/globals';
import { joinRoom, type Mailbox } from '../../src/client/index.ts';
import { batch, forever, HostileServer, json, message } from './support/hostile-server.ts';

let server: HostileServer;
beforeEach(() => {
  server = new HostileServer();
});

const person = (participantId: string) => ({ participantId, joinedAt: '2026-11-22T09:30:00.125Z', listening: true });
const joined = (participantId: string, ageMs: number) =>
  message('participant-joined', { from: undefined, ageMs, payload: { participant: person(participantId) } });
const left = (participantId: string, ageMs: number) =>
  message('participant-left', { from: undefined, ageMs, payload: { participantId, reason: 'left' } });

const namesIn = (mailbox: Mailbox): string[] => mailbox.participants.map(({ participantId }) => participantId);

async function listening(...there: string[]): Promise<{ mailbox: Mailbox; told: string[] }> {
  server.on('join', () => json(201, server.joinResult({ participants: there.map(person) })));
  const mailbox = await joinRoom(server.options);
  const told: string[] = [];
  mailbox.on('participant-joined', ({ participantId }) => void told.push(`+${participantId}`));
  mailbox.on('participant-left', ({ participantId }) => void told.push(`-${participantId}`));
  mailbox.on('message', () => undefined);
  return { mailbox, told };
}

test('room events from before the join are in the list already, and cause no event', async () => {
  server.script('poll', () => batch('c1', left('bob', 60_000), joined('bob', 30_000)), forever);
  const { mailbox, told } = await listening('me', 'bob');
  await server.time.advance(100);
  expect([namesIn(mailbox), told]).toEqual([['me', 'bob'], []]);
});

test('a departure counts although the clock was set back', async () => {
  server.script('poll', () => batch('c1', left('bob', 1)), forever);
  const { mailbox, told } = await listening('me', 'bob');
  server.time.setBack(60_000);
  await server.time.advance(100);
  expect([namesIn(mailbox), told]).toEqual([['me'], ['-bob']]);
});

test('a list from before a join that arrives after it does not hide the participant', async () => {
  const { mailbox, told } = await listening('me');
  server.script(
    'participants',
    async () => {
      await server.time.after(1_000);
      return json(200, { participants: [person('me')] });
    },
    () => json(200, { participants: [person('me'), person('bob')] }),
  );
  await server.time.advance(5_000);
  const asking = mailbox.refreshParticipants();
  server.script('poll', () => batch('c1', joined('bob', 1)), forever);
  mailbox.wake();
  await Promise.all([asking, server.time.advance(2_000)]);
  expect([namesIn(mailbox), told]).toEqual([['me', 'bob'], ['+bob']]);
});
