import { isReserved } from '../signalling/ids.ts';
import type { Mailbox } from '../signalling/message.ts';
import { forEachEvent, type Listener, type Telemetry } from '../signalling/telemetry.ts';

/** Passes every event to each of the observers. */
export const combine = (...observers: readonly Telemetry[]): Telemetry =>
  forEachEvent((event) => (...args) => {
    for (const observer of observers) (observer[event] as Listener)(...args);
  });

/**
 * Omits the service's own rooms. Its canary bypasses `Signalling` and its telemetry, but the store reports the canary's
 * joins, departures and expired messages like those of any participant. The other events never concern these rooms.
 */
export const withoutReservedRooms = (telemetry: Telemetry): Telemetry => ({
  ...telemetry,
  joined: unlessReserved((mailbox, resumed) => telemetry.joined(mailbox, resumed)),
  departed: unlessReserved((mailbox, reason, unread) => telemetry.departed(mailbox, reason, unread)),
  expired: unlessReserved((mailbox, position) => telemetry.expired(mailbox, position)),
});

const unlessReserved =
  <Args extends readonly unknown[]>(listener: (mailbox: Mailbox, ...args: Args) => void) =>
  (mailbox: Mailbox, ...args: Args): void => {
    if (!isReserved(mailbox.roomId)) listener(mailbox, ...args);
  };
