import assert from 'node:assert/strict';
import { TestClock } from '../../support/clock.ts';
import { WIDE_LIMITS, type OpenPersistentStore } from '../../support/store.ts';
import type { Action } from './actions.ts';
import { check } from './check.ts';
import { claim, closeRoom, join, leave, MAX_PARTICIPANTS } from './participants.ts';
import { acknowledge, read, readThrough } from './receiving.ts';
import { burst, MAX_MESSAGES, send } from './sending.ts';
import { modelById, mailboxModels } from './state.ts';
import { copy, pass, presence, restart, rollBack, sweeping } from './time.ts';
import { Simulation, type Expectations } from './simulation.ts';

const LIMITS = { ...WIDE_LIMITS, maxParticipantsPerRoom: MAX_PARTICIPANTS, maxMailboxMessages: MAX_MESSAGES };

/**
 * Runs the actions on a store and on the model. They must agree after each action, and at the end no message is lost.
 */
export async function runActions(openStore: OpenPersistentStore, sequence: readonly Action[]): Promise<void> {
  const clock = new TestClock();
  const simulation = new Simulation(await openStore({ clock, limits: LIMITS }), clock);
  try {
    for (const action of sequence) await check(simulation, await perform(simulation, action));
    await finish(simulation);
  } finally {
    await simulation.opened.close();
  }
}

function perform(simulation: Simulation, action: Action): Promise<Expectations> {
  switch (action.kind) {
    case 'join':
      return join(simulation, action);
    case 'claim':
      return claim(simulation, action);
    case 'send':
      return send(simulation, action);
    case 'burst':
      return burst(simulation, action);
    case 'read':
      return read(simulation, action);
    case 'acknowledge':
      return acknowledge(simulation, action);
    case 'leave':
      return leave(simulation, action);
    case 'close-room':
      return closeRoom(simulation, action);
    case 'touch':
    case 'hold':
    case 'end-poll':
      return presence(simulation, action);
    case 'pass':
      return pass(simulation, action);
    case 'restart':
      return restart(simulation, action);
    case 'copy':
      return copy(simulation);
    case 'roll-back':
      return rollBack(simulation);
  }
}

/** Every accepted message was delivered, or is reported as expired, or its sender or its recipient is gone. */
async function finish(simulation: Simulation): Promise<void> {
  for (const model of mailboxModels(simulation.state)) {
    await readThrough(simulation, model);
    simulation.store.openPoll(model.mailbox).hold(36_000_000);
    Object.assign(model, { heldUntilMs: simulation.nowMs + 36_000_000 });
  }
  await simulation.clock.advance(7_200_000);
  await check(simulation, await sweeping(simulation, true));
  for (const model of mailboxModels(simulation.state)) {
    await readThrough(simulation, model);
    for (const entry of model.log) {
      const { message } = entry;
      if (message === undefined || entry.delivered || entry.position <= model.acknowledged) continue;
      assert.ok(
        entry.reported || modelById(simulation.state, message.sender) === undefined,
        `${entry.summary} was lost`,
      );
    }
  }
}
