import { createHmac } from 'node:crypto';
import { afterAll, describe, expect, test } from '@jest/globals';
import type { IceServersResult, JoinResult } from '../../src/wire/index.ts';
import { API_KEY } from '../access/credentials.ts';
import { TestClock } from '../support/clock.ts';
import { closeServices, createService } from '../support/holdline.ts';
import { call } from '../support/http.ts';
import { Member } from '../support/member.ts';

const URLS = ['turn:turn.example.com:3478?transport=udp', 'turns:turn.example.com:443?transport=tcp'];
const STUN = { urls: ['stun:stun.example.com'] };
const clock = new TestClock();
const nowSeconds = Math.floor(clock.wallMs() / 1_000);

afterAll(closeServices);

async function member(given: Parameters<typeof createService>[0]): Promise<Member> {
  const { app } = await createService({ apiKeys: [API_KEY], ...given }, { clock });
  const { body } = await call(
    app,
    'joinRoom',
    { roomId: 'lobby' },
    { token: API_KEY, body: { participantId: 'alice' } },
  );
  return new Member(app, body as JoinResult);
}

const iceServersOf = async (alice: Member): Promise<IceServersResult> =>
  (await alice.call('getIceServers')).body as IceServersResult;

const signed = (secret: string, username: string) => ({
  urls: URLS,
  username,
  credential: createHmac('sha1', secret).update(username).digest('base64'),
});

describe('the ICE servers of a participant', () => {
  test('are the fixed servers, followed by TURN servers with its own credentials', async () => {
    const alice = await member({ iceServers: [STUN], turnUrls: URLS, turnSecret: ['relay'], turnTtlSeconds: 600 });
    const turn = signed('relay', `${nowSeconds + 600}:alice`);
    expect(alice.joined.iceServers).toEqual([STUN, turn]);
    expect(await iceServersOf(alice)).toEqual({ iceServers: [STUN, turn], ttlSeconds: 600 });
  });

  test('have new credentials on each request', async () => {
    const alice = await member({ turnUrls: URLS, turnSecret: ['relay'], turnTtlSeconds: 600 });
    await clock.advance(5_000);
    expect((await iceServersOf(alice)).iceServers).toEqual([signed('relay', `${nowSeconds + 605}:alice`)]);
  });

  test('are signed with the first of two secrets', async () => {
    const alice = await member({ turnUrls: URLS, turnSecret: ['new', 'old'] });
    const [turn] = alice.joined.iceServers;
    expect(turn).toEqual(signed('new', turn?.username ?? ''));
  });

  test('are only the fixed servers if TURN is not configured', async () => {
    expect(await iceServersOf(await member({ iceServers: [STUN] }))).toEqual({ iceServers: [STUN], ttlSeconds: 3_600 });
    expect(await iceServersOf(await member({ turnSecret: ['relay'] }))).toEqual({ iceServers: [], ttlSeconds: 3_600 });
  });
});
