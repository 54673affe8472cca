import { afterEach, describe, expect, test } from '@jest/globals';
import type { IceServer, JoinResult, Receipt, SendRequest } from '../../src/wire/index.ts';
import { API_KEY } from '../access/credentials.ts';
import { cleanUp } from '../support/clean-up.ts';
import { TestClock } from '../support/clock.ts';
import { FetchMember } from '../support/fetch-member.ts';
import { closeServices, startService } from '../support/holdline.ts';
import { call } from '../support/http.ts';
import { Peer } from '../support/peer.ts';
import { hasCoturn, startCoturn, type Coturn } from './coturn.ts';
import { allocate } from './stun.ts';

afterEach(cleanUp);
afterEach(closeServices);

const SECRET = 'relay-secret';
const TTL_SECONDS = 3_600;

/** A member that records the candidates that it sends. */
class CandidateRecorder extends FetchMember {
  readonly candidates: string[] = [];

  override send(message: Partial<SendRequest>, headers: Record<string, string>): Promise<Receipt> {
    const { candidate = '' } = (message.payload ?? {}) as { candidate?: string };
    if (candidate !== '') this.candidates.push(candidate);
    return super.send(message, headers);
  }
}

type Join = (participantId: string) => Promise<CandidateRecorder>;

/** A service that announces the TURN server, on a clock that stands still. */
async function startWith(coturn: Coturn, turnSecret: string[], nowMs = Date.now()): Promise<Join> {
  const settings = { apiKeys: [API_KEY], turnUrls: [coturn.url], turnSecret, turnTtlSeconds: TTL_SECONDS };
  const { url } = await startService(settings, { clock: new TestClock(nowMs) });
  return async (participantId) => {
    const { body } = await call(url, 'joinRoom', { roomId: 'lobby' }, { token: API_KEY, body: { participantId } });
    return new CandidateRecorder(url, body as JoinResult);
  };
}

function credentialsOf({ joined }: CandidateRecorder): { username: string; credential: string } {
  const { username = '', credential = '' }: Partial<IceServer> = joined.iceServers[0] ?? {};
  return { username, credential };
}

/** Allocates a relayed address with the credentials of a new participant. */
async function allocateAsParticipant(
  coturn: Coturn,
  turnSecret: string[],
  nowMs?: number,
): Promise<'relayed' | number> {
  const join = await startWith(coturn, turnSecret, nowMs);
  const { username, credential } = credentialsOf(await join('alice'));
  return allocate(coturn.port, username, credential);
}

(hasCoturn ? describe : describe.skip)('a real TURN server', () => {
  test('relays for a participant with issued credentials', async () => {
    expect(await allocateAsParticipant(await startCoturn(SECRET), [SECRET])).toBe('relayed');
  });

  test('refuses credentials of another secret and altered credentials', async () => {
    const coturn = await startCoturn(SECRET);
    expect(await allocateAsParticipant(coturn, ['another-secret'])).toBe(401);
    const join = await startWith(coturn, [SECRET]);
    const { username, credential } = credentialsOf(await join('alice'));
    expect(await allocate(coturn.port, username.replace('alice', 'mallory'), credential)).toBe(401);
    expect(await allocate(coturn.port, username.replace(/^\d+/, '9999999999'), credential)).toBe(401);
  });

  test('refuses credentials that have expired', async () => {
    const coturn = await startCoturn(SECRET);
    const issuedSecondsAgo = (seconds: number) => allocateAsParticipant(coturn, [SECRET], Date.now() - seconds * 1_000);
    expect(await issuedSecondsAgo(TTL_SECONDS / 2)).toBe('relayed');
    expect(await issuedSecondsAgo(TTL_SECONDS + 1)).toBe(401);
  });

  test('accepts old and new credentials while its secret is rotated', async () => {
    const coturn = await startCoturn('new-secret', 'old-secret');
    for (const secrets of [['old-secret'], ['new-secret', 'old-secret'], ['new-secret']]) {
      expect({ secrets, answer: await allocateAsParticipant(coturn, secrets) }).toEqual({ secrets, answer: 'relayed' });
    }
  });

  test('relays a call between peers that allow only relayed candidates', async () => {
    const join = await startWith(await startCoturn(SECRET), [SECRET]);
    const relayOnly = (member: CandidateRecorder) =>
      new Peer(member, { rtc: { iceServers: member.joined.iceServers, iceTransportPolicy: 'relay' } });
    const members = [await join('callee'), await join('caller')] as const;
    const [callee, caller] = [relayOnly(members[0]), relayOnly(members[1])];
    await caller.call();
    await Promise.all([caller.reached('heard callee'), callee.reached('heard caller')]);
    for (const { candidates } of members) {
      expect(candidates).not.toEqual([]);
      expect(candidates.filter((candidate) => !candidate.includes(' typ relay '))).toEqual([]);
    }
    caller.hangUp();
    await callee.reached('ended');
    await Promise.all(members.map((member) => member.leave()));
    await Promise.all([caller.listening, callee.listening]);
  });
});
