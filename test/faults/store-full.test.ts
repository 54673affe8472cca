import { afterEach, describe, expect, test } from '@jest/globals';
import { cleanUp } from '../support/clean-up.ts';
import type { Answer } from '../support/conformance.ts';
import { fetchAnswer } from '../support/fetch-member.ts';
import { FULL_DISKS } from '../support/full-disk.ts';
import { closeServices, startService } from '../support/holdline.ts';
import { Ledger } from '../support/ledger.ts';
import type { Member } from '../support/member.ts';

afterEach(cleanUp);
afterEach(closeServices);

const UNAVAILABLE = {
  status: 503,
  headers: { 'retry-after': expect.stringMatching(/^\d+$/) },
  body: { code: 'storage-unavailable', retryable: true },
};

async function aliceAndBob(url: string) {
  const ledger = new Ledger();
  const alice = await ledger.join(url, 'room', 'alice');
  const bob = await ledger.join(url, 'room', 'bob');
  // The first use of a token writes to the store, so it must precede the full disk.
  await Promise.all([alice.poll(), bob.poll()]);
  return { ledger, alice, bob };
}

const joinAs = (url: string, participantId: string): Promise<Answer> =>
  fetchAnswer(url, 'joinRoom', '/v1/rooms/room/participants', { body: { participantId } });

/** Sends until a message is refused. @returns how many were stored, and the refusal */
async function flood(from: Member, to: string, bytes: number): Promise<{ stored: number; refusal: Answer }> {
  for (let stored = 0; ; stored += 1) {
    const payload = `${stored} of ${bytes} ${'x'.repeat(bytes)}`;
    const refusal = await from.call('sendMessage', { body: { to, type: 'custom', payload } });
    if (refusal.status !== 201) return { stored, refusal };
  }
}

describe.each(FULL_DISKS)('with %s, the service', (_, startServer) => {
  test('refuses joins and sends with 503, still serves reads, and recovers without a restart', async () => {
    const { server, fill, free } = await startServer();
    const { ledger, alice, bob } = await aliceAndBob(server.url);
    fill();
    const { stored, refusal } = await flood(alice, 'bob', 40_000);
    expect(refusal).toMatchObject(UNAVAILABLE);
    const small = await flood(alice, 'bob', 10);
    expect(small.refusal).toMatchObject(UNAVAILABLE);
    expect(await joinAs(server.url, 'carol')).toMatchObject(UNAVAILABLE);
    expect(await server.command.logged(/^request failed$/)).toMatchObject({
      level: 'error',
      err: { cause: { code: expect.stringMatching(/^SQLITE_(FULL|IOERR)/) } },
    });

    const { messages, cursor } = await bob.poll({ after: bob.joined.cursor, limit: 100 });
    expect(messages.filter(({ type }) => type === 'custom')).toHaveLength(stored + small.stored);
    expect((await bob.poll({ after: cursor })).messages).toEqual([]);

    free();
    await bob.call('acknowledgeMessages', { body: { cursor } });
    expect(await joinAs(server.url, 'carol')).toMatchObject({ status: 201 });
    const { id } = await alice.send({ to: 'bob', type: 'custom', payload: 'there is room again' });
    expect((await bob.poll({ after: cursor })).messages.map((message) => message.id)).toContain(id);
    await ledger.settle();
  });
});

describe('a store at MAX_STORE_BYTES', () => {
  const start = async () => {
    const { url } = await startService({ maxStoreBytes: 100_000, rateLimit: 'off' });
    return { url, ...(await aliceAndBob(url)) };
  };

  test('refuses joins and sends with 503', async () => {
    const { url, ledger, alice } = await start();
    const { stored, refusal } = await flood(alice, 'bob', 10_000);
    expect(stored).toBeLessThanOrEqual(10);
    expect(refusal).toMatchObject(UNAVAILABLE);
    expect(await joinAs(url, 'carol')).toMatchObject(UNAVAILABLE);
    await ledger.settle();
  });

  test('still serves reads and acknowledgements, and freed space is usable at once', async () => {
    const { url, ledger, alice, bob } = await start();
    const { stored } = await flood(alice, 'bob', 10_000);
    const { messages, cursor } = await bob.poll();
    expect(messages).toHaveLength(stored);
    expect(await bob.call('acknowledgeMessages', { body: { cursor } })).toMatchObject({ status: 204 });
    expect(await joinAs(url, 'carol')).toMatchObject({ status: 201 });
    const { id } = await alice.send({ to: 'bob', type: 'custom', payload: 'there is room again' });
    expect((await bob.poll({ after: cursor })).messages.at(-1)).toMatchObject({ id });
    await ledger.settle();
  });

  test('lets participants leave, and notifies the others', async () => {
    const { ledger, alice, bob } = await start();
    const { cursor: after } = await alice.poll();
    await flood(alice, 'bob', 10_000);
    await bob.leave();
    expect((await alice.poll({ after })).messages).toMatchObject([
      { type: 'participant-left', payload: { participantId: 'bob', reason: 'left' } },
    ]);
    await ledger.settle();
  });
});
