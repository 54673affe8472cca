import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { joinRoom, type JoinOptions, type Mailbox, type StorageLike } from '../../src/client/index.ts';
import { FakePage } from './support/fake-page.ts';
import { FakeStorage } from './support/fake-storage.ts';
import { HostileServer, json, problem } from './support/hostile-server.ts';

let page: FakePage;
let server: HostileServer;
let names = 0;
beforeEach(() => {
  page = new FakePage();
  page.open();
  server = new HostileServer();
  names = 0;
  // The server chooses names, and knows the mailboxes of before.
  server.on('join', ({ body }) => {
    const { participantId = `guest${(names += 1)}`, resume } = body;
    return json(201, server.joinResult({ participantId, resumed: Boolean(resume) }));
  });
});
afterEach(() => page.close());

/** Joins as a page with this storage does. */
async function join(storage: StorageLike, more: Partial<JoinOptions> = {}): Promise<Mailbox> {
  page.set('sessionStorage', storage);
  const { participantId: _, ...options } = server.options;
  const [mailbox] = await Promise.all([joinRoom({ ...options, storage, ...more }), server.time.advance(2_000)]);
  return mailbox;
}

/** What a browser makes of the `sessionStorage` of a tab that is duplicated. */
function copyOf({ items }: FakeStorage): FakeStorage {
  const copy = new FakeStorage();
  for (const [key, value] of items) copy.setItem(key, value);
  return copy;
}

const closePage = async (): Promise<void> => {
  page.fire('pagehide', { persisted: false });
  await new Promise((resolve) => void setImmediate(resolve));
};

const kept = (storage: FakeStorage) => (storage.kept as { participantId: string }).participantId;

describe('a duplicated tab', () => {
  test('gets a mailbox of its own, and leaves that of the first tab alone', async () => {
    const storage = new FakeStorage();
    const first = await join(storage);
    const copied = copyOf(storage);
    const second = await join(copied);
    expect([first.participantId, second.participantId, second.resumed]).toEqual(['guest1', 'guest2', false]);
    expect([kept(storage), kept(copied)]).toEqual(['guest1', 'guest2']);
  });

  test('and the first one are each resumed when they are reloaded', async () => {
    const storage = new FakeStorage();
    await join(storage);
    const copied = copyOf(storage);
    await join(copied);
    await closePage();
    const again = await Promise.all([join(copied), join(storage)]);
    expect(again.map(({ participantId, resumed }) => [participantId, resumed])).toEqual([
      ['guest2', true],
      ['guest1', true],
    ]);
  });

  test.each([
    ['names its participant', { participantId: 'guest1' }],
    ['has an access token for it', { accessToken: `x.${btoa('{"sub":"guest1","room":"room"}')}.x` }],
    ['joins through a backend by name', { participantId: 'guest1', join: () => Promise.reject(new Error('asked')) }],
  ])('that %s is refused, and does not take over', async (_, who) => {
    const storage = new FakeStorage();
    await join(storage);
    await expect(join(copyOf(storage), who)).rejects.toMatchObject({ code: 'participant-exists' });
    expect(server.count('join')).toBe(1);
  });

  test('with an access token for somebody else joins', async () => {
    const storage = new FakeStorage();
    await join(storage);
    const second = await join(copyOf(storage), { accessToken: `x.${btoa('{"sub":"other"}')}.x` });
    expect(second.participantId).toBe('guest2');
  });
});

describe('a storage that tabs share', () => {
  let shared: FakeStorage;
  async function joinShared(): Promise<Mailbox> {
    const { participantId: _, ...options } = server.options;
    const [mailbox] = await Promise.all([joinRoom({ ...options, storage: shared }), server.time.advance(2_000)]);
    return mailbox;
  }
  beforeEach(() => {
    shared = new FakeStorage();
  });

  test('keeps the record of the first tab, which is resumed after a reload', async () => {
    await joinShared();
    expect((await joinShared()).participantId).toBe('guest2');
    expect(kept(shared)).toBe('guest1');
    await closePage();
    expect((await joinShared()).participantId).toBe('guest1');
  });

  test('is written again when the server no longer knows its record', async () => {
    shared.setItem('holdline:http://hostile:room', JSON.stringify({ participantId: 'old', token: 't', cursor: 'c' }));
    server.script(
      'join',
      () => problem(401, 'unauthenticated'),
      () => json(201, server.joinResult({ participantId: 'new' })),
    );
    await joinShared();
    expect(kept(shared)).toBe('new');
    expect([...page.locks.held]).toEqual(['holdline:holdline:http://hostile:room:new']);
  });
});

describe('the lock on a mailbox', () => {
  const lockName = 'holdline:holdline:http://hostile:room:guest1';

  test('waits for a page that is about to close', async () => {
    const storage = new FakeStorage();
    await join(storage);
    page.set('sessionStorage', storage);
    const { participantId: _, ...options } = server.options;
    const reloaded = joinRoom({ ...options, storage });
    await server.time.advance(500);
    await closePage();
    await server.time.advance(100);
    expect((await reloaded).resumed).toBe(true);
  });

  test('is free in the back-forward cache, and taken again afterwards', async () => {
    await join(new FakeStorage());
    expect(page.locks.held).toContain(lockName);
    page.fire('pagehide', { persisted: true });
    await server.time.advance(0);
    expect(page.locks.held).not.toContain(lockName);
    await server.time.advance(1_000);
    expect(page.locks.held).toContain(lockName);
  });

  test.each([
    ['leave', (mailbox: Mailbox) => mailbox.leave()],
    ['close', (mailbox: Mailbox) => mailbox.close()],
  ])('is free after %s()', async (_, end) => {
    const mailbox = await join(new FakeStorage());
    await Promise.all([end(mailbox), server.time.advance(3_000)]);
    expect([...page.locks.held]).toEqual([]);
  });

  test('is free after a join that failed', async () => {
    const storage = new FakeStorage();
    await join(storage);
    await closePage();
    server.on('join', () => problem(403, 'forbidden'));
    await expect(join(storage)).rejects.toMatchObject({ code: 'forbidden' });
    expect([...page.locks.held]).toEqual([]);
  });

  test.each([
    ['missing', undefined],
    [
      'that throw',
      {
        request: (): never => {
          throw new Error('SecurityError');
        },
      },
    ],
    ['that reject', { request: () => Promise.reject(new Error('InvalidStateError')) }],
  ])('is not needed: with locks %s a reload resumes', async (_, locks) => {
    page.set('navigator', { locks });
    const storage = new FakeStorage();
    const first = await join(storage);
    expect((await join(storage)).participantId).toBe(first.participantId);
  });

  test('that never answers delays a join and nothing else', async () => {
    page.set('navigator', { locks: { request: () => new Promise(() => undefined) } });
    const storage = new FakeStorage();
    expect((await join(storage)).participantId).toBe('guest1');
    expect((await join(storage)).participantId).toBe('guest2');
  });
});
