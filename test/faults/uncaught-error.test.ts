import { afterEach, describe, expect, test } from '@jest/globals';
import { Writable } from 'node:stream';
import { createLog } from '../../src/log.ts';
import { closeServices, startService } from '../support/holdline.ts';
import { Ledger } from '../support/ledger.ts';
import { testOnSqlite } from '../support/store-of-run.ts';

afterEach(closeServices);

type Line = Readonly<Record<string, unknown>>;

async function startLogged() {
  const lines: Line[] = [];
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()) as Line);
      done();
    },
  });
  const started = await startService({}, { log: createLog('info', destination) });
  const ledger = new Ledger();
  const alice = await ledger.join(started.url, 'room', 'alice');
  const bob = await ledger.join(started.url, 'room', 'bob');
  return { ...started, ledger, alice, bob, errors: () => lines.filter(({ level }) => level === 'error') };
}

/** The ways in which a bug may surface in place of one store call. */
const FAILURES = {
  'thrown at once': () => {
    throw new TypeError('a fault of ours: secret detail');
  },
  'rejected later': () => Promise.reject(new TypeError('a fault of ours: secret detail')),
};

describe.each(Object.entries(FAILURES))('an unexpected error in one request (%s)', (_, fail) => {
  test('is a 500 without internals, and is logged in full under its requestId', async () => {
    const { service, ledger, alice, errors } = await startLogged();
    const append = service.store.append.bind(service.store);
    service.store.append = () => {
      service.store.append = append;
      return fail();
    };
    const answer = await alice.call('sendMessage', { body: { to: 'bob', type: 'custom', payload: 'v=0 secret' } });
    const { requestId } = answer.body as { requestId: string };
    expect(answer).toMatchObject({ status: 500, body: { code: 'internal', retryable: true } });
    expect(JSON.stringify(answer)).not.toMatch(/fault of ours|TypeError|secret|\.ts/);
    expect(errors()).toMatchObject([
      {
        requestId,
        msg: 'request failed',
        err: {
          type: 'TypeError',
          message: 'a fault of ours: secret detail',
          stack: expect.stringContaining('.test.ts'),
        },
      },
    ]);
    expect(await alice.send({ to: 'bob', type: 'custom', payload: 'next' })).toMatchObject({ recipients: [{}] });
    await ledger.settle();
  });

  test('does not affect concurrent requests and held polls', async () => {
    const { service, ledger, alice, bob } = await startLogged();
    const { cursor: after } = await bob.poll();
    const held = await service.hold('bob', () => bob.poll({ after, wait: 20 }));
    const append = service.store.append.bind(service.store);
    service.store.append = (request) => (request.messages[0]?.payload === '3' ? fail() : append(request));
    const statuses = await Promise.all(
      [1, 2, 3, 4, 5].map(async (payload) => {
        const { status } = await alice.call('sendMessage', { body: { to: 'bob', type: 'custom', payload } });
        return status;
      }),
    );
    expect(statuses).toEqual([201, 201, 500, 201, 201]);
    expect((await held.ended).messages).not.toHaveLength(0);
    await ledger.settle();
  });

  test('in a poll leaves the mailbox unchanged', async () => {
    const { service, ledger, alice, bob } = await startLogged();
    const { id } = await alice.send({ to: 'bob', type: 'custom', payload: 1 });
    const read = service.store.read.bind(service.store);
    service.store.read = () => {
      service.store.read = read;
      return fail();
    };
    expect(await bob.call('receiveMessages', { query: { wait: 20 } })).toMatchObject({ status: 500 });
    expect((await bob.poll()).messages.map((message) => message.id)).toContain(id);
    await ledger.settle();
  });
});

testOnSqlite('an unexpected error inside a group commit fails its own request only', async () => {
  const { service, ledger, alice, bob, errors } = await startLogged();
  const append = service.store.append.bind(service.store);
  // An invalid `type` makes the insert throw an error that the store does not expect.
  service.store.append = (request) =>
    append(
      request.messages[0]?.payload === '3'
        ? { ...request, messages: [{ ...request.messages[0], type: {} as string }] }
        : request,
    );
  const statuses = await Promise.all(
    [1, 2, 3, 4, 5].map(async (payload) => {
      const { status } = await alice.call('sendMessage', { body: { to: 'bob', type: 'custom', payload } });
      return status;
    }),
  );
  expect(statuses).toEqual([201, 201, 500, 201, 201]);
  expect(errors()).toHaveLength(1);
  expect((await bob.poll()).messages.map(({ payload }) => payload).sort()).toEqual([1, 2, 4, 5]);
  await ledger.settle();
});
