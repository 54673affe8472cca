import assert from 'node:assert/strict';
import { TestClock } from '../../support/clock.ts';
import { WIDE_LIMITS, type OpenLastingStore } from '../../support/store.ts';
import type { Action } from './actions.ts';
import { check } from './check.ts';
import { claim, closeRoom, join, leave, MAX_PARTICIPANTS } from './participants.ts';
import { acknowledge, read, readThrough } from './receiving.ts';
import { burst, MAX_MESSAGES, send } from './sending.ts';
import { boxById, boxes } from './state.ts';
import { copy, pass, presence, restart, rollBack, sweeping } from './time.ts';
import { World, type Tails } from './world.ts';

const LIMITS = { ...WIDE_LIMITS, maxParticipantsPerRoom: MAX_PARTICIPANTS, maxMailboxMessages: MAX_MESSAGES };

/** Lets a store live through the story beside the model; after each step they must agree, and at the end nothing is lost. */
export async function play(openStore: OpenLastingStore, story: readonly Action[]): Promise<void> {
  const clock = new TestClock();
  const world = new World(await openStore({ clock, limits: LIMITS }), clock);
  try {
    for (const action of story) await check(world, await perform(world, action));
    await finish(world);
  } finally {
    await world.opened.close();
  }
}

function perform(world: World, action: Action): Promise<Tails> {
  switch (action.kind) {
    case 'join':
      return join(world, action);
    case 'claim':
      return claim(world, action);
    case 'send':
      return send(world, action);
    case 'burst':
      return burst(world, action);
    case 'read':
      return read(world, action);
    case 'acknowledge':
      return acknowledge(world, action);
    case 'leave':
      return leave(world, action);
    case 'close-room':
      return closeRoom(world, action);
    case 'touch':
    case 'hold':
    case 'end-poll':
      return presence(world, action);
    case 'pass':
      return pass(world, action);
    case 'restart':
      return restart(world, action);
    case 'copy':
      return copy(world);
    case 'roll-back':
      return rollBack(world);
  }
}

/** Every message that was accepted has been delivered, or is reported as expired, or its sender or its recipient is gone. */
async function finish(world: World): Promise<void> {
  for (const box of boxes(world.state)) {
    await readThrough(world, box);
    world.store.openPoll(box.mailbox).hold(36_000_000);
    Object.assign(box, { heldUntilMs: world.nowMs + 36_000_000 });
  }
  await world.clock.advance(7_200_000);
  await check(world, await sweeping(world, true));
  for (const box of boxes(world.state)) {
    await readThrough(world, box);
    for (const entry of box.log) {
      const { message } = entry;
      if (message === undefined || entry.delivered || entry.position <= box.acknowledged) continue;
      assert.ok(entry.reported || boxById(world.state, message.sender) === undefined, `${entry.words} was lost`);
    }
  }
}
