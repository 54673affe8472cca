import { expect, test } from '@jest/globals';
import { NO_CREDENTIAL } from '../../src/signalling/credentials.ts';
import { Signalling } from '../../src/signalling/signalling.ts';
import { fixtures, LOBBY, participantId } from '../store-contract/store-fixture.ts';
import { settle } from '../support/clock.ts';
import { openMemoryStore, replacing } from '../support/store.ts';

const open = fixtures(openMemoryStore);

test('a participant that joins again is held as long as it asks, even if the hint of its takeover is lost', async () => {
  const { store, clock } = await open();
  const signalling = new Signalling({
    store: replacing(store, { watch: () => undefined }),
    clock,
    log: { info: () => undefined, error: () => undefined },
    maxHeldPolls: 10,
    defaultIdleTimeoutMs: 60_000,
    joinPolicy: { kind: 'open' },
    joinsPerMinute: Infinity,
    maxParticipantsPerAddress: Infinity,
    messagesPerSecond: Infinity,
    pacePolls: false,
  });
  const request = { roomId: LOBBY, participantId: participantId('bob'), profile: {}, clientAddress: 'test' };
  const { mailbox, token } = await signalling.join({ ...request, resume: false }, NO_CREDENTIAL);
  for (let cut = 0; cut < 2; cut += 1) {
    let hangUp = (): void => undefined;
    const onHangUp = (listener: () => void): void => void (hangUp = listener);
    const polled = signalling.receive(mailbox, { after: undefined, windowMs: 25_000, limit: 64, onHangUp });
    await clock.advance(5_000);
    hangUp();
    expect(await polled).toBeUndefined();
  }
  expect(signalling.networkWindows).toBe(1);
  const proof = (await signalling.identify(token)) ?? NO_CREDENTIAL;
  await signalling.join({ ...request, resume: true }, proof);
  await settle();
  expect(signalling.networkWindows).toBe(0);
  signalling.close();
});
