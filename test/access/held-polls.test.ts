import { afterEach, describe, expect, test } from '@jest/globals';
import type { JoinResult } from '../../src/wire/index.ts';
import { TestClock } from '../support/clock.ts';
import type { Answer } from '../support/conformance.ts';
import { closeServices, startService, type ListeningService } from '../support/holdline.ts';
import { call, problemOf } from '../support/http.ts';
import { Member } from '../support/member.ts';
import { roundTripsUntil } from '../support/round-trips.ts';
import { accessToken, API_KEY, SECRET } from './credentials.ts';

afterEach(closeServices);

const clock = new TestClock();
/** Round trips. */
const ENDED_WITHIN = 500;
const PLACE = { roomId: 'lobby', participantId: 'alice' };

/** Alice, joined by an access token, with a poll that is held: by a clock that stands still no window ends. */
async function held(): Promise<{ listening: ListeningService; alice: Member; ended: Promise<Answer> }> {
  const listening = await startService({ accessTokenSecret: SECRET, apiKeys: [API_KEY] }, { clock });
  const token = await accessToken(clock.wallMs(), { sub: 'alice' });
  const { body } = await call(listening.url, 'joinRoom', PLACE, { token });
  const alice = new Member(listening.url, body as JoinResult);
  const { ended } = await listening.service.hold('alice', () => alice.call('receiveMessages', { query: { wait: 25 } }));
  return { listening, alice, ended };
}

describe('a held poll ends at once, with 410', () => {
  test.each([
    ['an access token of its subject takes over', 'replaced', { id: 'joinRoom', resume: true }],
    ['an access token of its subject joins anew', 'replaced', { id: 'joinRoom', resume: false }],
    ['an API key removes the participant', 'removed', { id: 'leaveRoom' }],
    ['an API key removes the participant by POST', 'removed', { id: 'leaveRoomByPost' }],
    ['an API key closes the room', 'removed', { id: 'closeRoom' }],
  ] as const)('when %s', async (_, reason, { id, ...body }) => {
    const { listening, ended } = await held();
    const token = id === 'joinRoom' ? await accessToken(clock.wallMs(), { sub: 'alice' }) : API_KEY;
    const done = await call(listening.url, id, PLACE, { token, ...(id === 'joinRoom' && { body }) });
    expect(done.status).toBeLessThan(300);
    expect(await roundTripsUntil(listening.url, ended)).toBeLessThan(ENDED_WITHIN);
    expect(problemOf(await ended, 'participant-gone').reason).toBe(reason);
  });

  test('when its token is replaced, and later messages only reach the new token', async () => {
    const { alice, ended } = await held();
    const rotated = await alice.rejoin({ resume: true });
    expect(problemOf(await ended, 'participant-gone').reason).toBe('replaced');
    problemOf(await alice.call('receiveMessages'), 'unauthenticated');
    expect((await rotated.poll()).messages).toEqual([]);
  });
});
