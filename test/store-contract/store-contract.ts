import { describe } from '@jest/globals';
import type { OpenPersistentStore, OpenStore } from '../support/store.ts';
import { acknowledging } from './rules/acknowledging.ts';
import { writeBehindAcknowledgements } from './rules/write-behind.ts';
import { roomEventAllowance } from './rules/room-event-allowance.ts';
import { rateLimits } from './rules/rate-limits.ts';
import { departing } from './rules/departing.ts';
import { durability } from './rules/durability.ts';
import { entering } from './rules/entering.ts';
import { hints } from './rules/hints.ts';
import { joinRetries } from './rules/join-retries.ts';
import { joining } from './rules/joining.ts';
import { lifetimes } from './rules/lifetimes.ts';
import { positions } from './rules/positions.ts';
import { presence } from './rules/presence.ts';
import { quotas } from './rules/quotas.ts';
import { reading } from './rules/reading.ts';
import { refusals } from './rules/refusals.ts';
import { rollingBack } from './rules/rolling-back.ts';
import { rooms } from './rules/rooms.ts';
import { sendRetries } from './rules/send-retries.ts';
import { sending } from './rules/sending.ts';
import { storeBound } from './rules/store-bound.ts';
import { takingOver } from './rules/taking-over.ts';
import { tokens } from './rules/tokens.ts';
import { usage, usageOfBytes } from './rules/usage.ts';
import { fixtures, type OpenFixture } from './store-fixture.ts';

const RULES = [
  joining,
  takingOver,
  entering,
  tokens,
  joinRetries,
  sending,
  quotas,
  sendRetries,
  reading,
  acknowledging,
  writeBehindAcknowledgements,
  lifetimes,
  roomEventAllowance,
  presence,
  departing,
  rooms,
  rateLimits,
  positions,
  storeBound,
  hints,
  refusals,
  usage,
  usageOfBytes,
];

interface Exceptions {
  /** Rules that this store leaves to another component, which has tests of its own. */
  readonly without?: readonly ((open: OpenFixture) => void)[];
}

/**
 * Tests every guarantee of the port (`src/signalling/store.ts`) and every rule of the contract that a store implements.
 * Any adapter must pass it. It assumes nothing about how an adapter works, and waits for every answer and every hint.
 */
export function describeStoreContract(name: string, openStore: OpenPersistentStore, exceptions: Exceptions = {}): void {
  describeStoreRules(name, openStore, exceptions);
  describe(name, () => {
    const open = fixtures(openStore);
    durability(open);
    rollingBack(open);
  });
}

/** The part that does not need data to outlive the process. */
export function describeStoreRules(name: string, openStore: OpenStore, { without = [] }: Exceptions = {}): void {
  describe(name, () => {
    const open = fixtures(openStore);
    for (const rule of RULES) if (!without.includes(rule)) rule(open);
  });
}
