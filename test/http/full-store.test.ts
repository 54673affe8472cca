import { afterAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Express } from 'express';
import { createLog } from '../../src/log.ts';
import { scrape } from '../metrics/series.ts';
import { TestClock } from '../support/clock.ts';
import type { Answer } from '../support/conformance.ts';
import { closeServices, createService } from '../support/holdline.ts';
import { call, problemOf } from '../support/http.ts';
import { join, type Member, newRoom } from '../support/member.ts';

let app: Express;
let alice: Member;
let bob: Member;
let carol: Member;
afterAll(closeServices);

const large = { type: 'custom', payload: 'x'.repeat(30_000), to: 'bob' } as const;
const small = { type: 'invite', to: 'alice' } as const;

/** Fills the store with large messages for bob. */
beforeEach(async () => {
  ({ app } = await createService({ maxStoreBytes: 65_536, rateLimit: 'off' }));
  alice = await join(app, newRoom(), 'alice');
  bob = await join(app, alice.roomId, 'bob');
  carol = await join(app, alice.roomId, 'carol');
  while ((await alice.call('sendMessage', { body: large })).status === 201) continue;
});

function expectFull(answer: Answer): void {
  expect(problemOf(answer, 'storage-unavailable').retryable).toBe(true);
  expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/);
}

describe('a store that is full', () => {
  test('is logged once, and its end once, however many requests are refused', async () => {
    const lines: string[] = [];
    const clock = new TestClock();
    const log = createLog('info', { write: (line) => lines.push(line) });
    const settings = { maxStoreBytes: 65_536, rateLimit: 'off' } as const;
    const { app } = await createService(settings, { clock, log });
    const messages = () => lines.map((line) => (JSON.parse(line) as { level: string; msg: string }).level);
    const sender = await join(app, newRoom(), 'sender');
    const reader = await join(app, sender.roomId, 'bob');
    for (let refusals = 0; refusals < 5;)
      if ((await sender.call('sendMessage', { body: large })).status === 503) refusals += 1;
    expect(messages()).toEqual(['warn']);
    expect(lines[0]).toContain('MAX_STORE_BYTES');
    expect((await scrape(app)).get('holdline_store_full')).toBe(1);

    await reader.call('acknowledgeMessages', { body: { cursor: (await reader.poll()).cursor } });
    expect((await scrape(app)).get('holdline_store_full')).toBe(0);
    expect((await sender.send(large)).recipients).toHaveLength(1);
    await clock.advance(20_000);
    expect(messages()).toEqual(['warn', 'info']);
  });
});

describe('at MAX_STORE_BYTES', () => {
  test('joins and sends are refused with Retry-After', async () => {
    expectFull(await call(app, 'joinRoom', { roomId: newRoom() }));
    expectFull(await call(app, 'joinRoom', { roomId: alice.roomId }));
    expectFull(await bob.call('sendMessage', { body: small }));
    expectFull(await bob.call('sendMessages', { body: { messages: [small] } }));
  });

  test('reading, acknowledging and leaving still work', async () => {
    const { cursor, messages } = await bob.poll();
    expect(messages.length).toBeGreaterThanOrEqual(3);
    expect((await bob.call('acknowledgeMessages', { body: { cursor: bob.joined.cursor } })).status).toBe(204);
    expect(await carol.roster()).toHaveLength(3);
    await carol.leave();
    expect((await bob.poll({ after: cursor })).messages).toMatchObject([{ type: 'participant-left' }]);
  });

  test('a resume still works, so that pending messages can be read', async () => {
    const again = await bob.rejoin({ resume: true });
    expect((await again.poll()).messages.length).toBeGreaterThanOrEqual(3);
  });

  test.each<[string, () => Promise<unknown>]>([
    ['read', async () => bob.poll({ after: (await bob.poll()).cursor })],
    ['acknowledged', async () => bob.call('acknowledgeMessages', { body: { cursor: (await bob.poll()).cursor } })],
    ['left behind', () => bob.leave()],
  ])('freed space (%s) is usable at once', async (_, free) => {
    expectFull(await carol.call('sendMessage', { body: small }));
    await free();
    expect((await carol.send(small)).recipients).toHaveLength(1);
    expect((await call(app, 'joinRoom', { roomId: newRoom() })).status).toBe(201);
  });
});
