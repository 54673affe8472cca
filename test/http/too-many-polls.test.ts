import { afterAll, beforeEach, describe, expect, test } from '@jest/globals';
import { TestClock } from '../support/clock.ts';
import type { Answer } from '../support/conformance.ts';
import { closeServices, createService, type Service } from '../support/holdline.ts';
import { problemOf } from '../support/http.ts';
import { join, type Member, newRoom } from '../support/member.ts';

const MAX_HELD_POLLS = 2;

let service: Service;
let first: Held;
let second: Held;
let late: Member;
afterAll(closeServices);

interface Held {
  readonly member: Member;
  readonly ended: Promise<Answer>;
}

const ask = (member: Member, wait = 20): Promise<Answer> => member.call('receiveMessages', { query: { wait } });

async function hold(member: Member): Promise<Held> {
  const { ended } = await service.hold(member.id, () => ask(member));
  return { member, ended };
}

beforeEach(async () => {
  // The clock stands still, so no poll ends by its window.
  service = await createService({ maxHeldPolls: MAX_HELD_POLLS }, { clock: new TestClock() });
  first = await hold(await join(service.app, newRoom()));
  second = await hold(await join(service.app, newRoom()));
  late = await join(service.app, newRoom(), 'late');
});

describe('at the limit of held polls', () => {
  test('a further poll is refused with Retry-After', async () => {
    for (const id of ['receiveMessages', 'pollMessages'] as const) {
      const answer = await late.call(id);
      expect(problemOf(answer, 'too-many-polls').retryable).toBe(true);
      expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/);
      expect(answer.headers['x-accel-buffering']).toBe('no');
    }
  });

  test('held polls stay held', async () => {
    problemOf(await ask(late), 'too-many-polls');
    for (const { member, ended } of [first, second]) {
      await join(service.app, member.roomId);
      expect((await ended).body).toMatchObject({ messages: [{ type: 'participant-joined' }] });
    }
  });

  test('polls with wait=0 or pending messages are answered', async () => {
    expect((await ask(late, 0)).status).toBe(200);
    await join(service.app, late.roomId, 'guest');
    expect((await ask(late)).body).toMatchObject({ messages: [{ type: 'participant-joined' }] });
  });

  test('a participant with a held poll may poll again, which supersedes the older poll', async () => {
    const newer = await hold(first.member);
    problemOf(await first.ended, 'poll-superseded');
    problemOf(await ask(late), 'too-many-polls');
    await first.member.leave();
    problemOf(await newer.ended, 'participant-gone');
  });

  test('a poll is held again as soon as another ends', async () => {
    await first.member.leave();
    await first.ended;
    const poll = await hold(late);
    await late.leave();
    problemOf(await poll.ended, 'participant-gone');
  });
});
