import { isReserved } from '../signalling/ids.ts';
import type { Telemetry } from '../signalling/telemetry.ts';

type Event = keyof Telemetry;
type Listener = (...args: readonly unknown[]) => void;

/** Passes every event on to each of the observers. */
export const combine = (...observers: readonly Telemetry[]): Telemetry =>
  forEachEvent((event) => (...args) => {
    for (const observer of observers) (observer[event] as Listener)(...args);
  });

/**
 * Leaves out the rooms of the service itself: its canary goes around `Signalling` and its telemetry, but the store reports
 * its departures and expired messages like those of any participant.
 */
export const withoutReservedRooms = (telemetry: Telemetry): Telemetry =>
  forEachEvent((event) => (...args) => {
    const [mailbox] = args as Parameters<Telemetry[Event]>;
    if (typeof mailbox === 'object' && isReserved(mailbox.roomId)) return;
    (telemetry[event] as Listener)(...args);
  });

const forEachEvent = (listener: (event: Event) => Listener): Telemetry => ({
  joined: listener('joined'),
  departed: listener('departed'),
  sent: listener('sent'),
  pollHeld: listener('pollHeld'),
  pollEnded: listener('pollEnded'),
  acknowledged: listener('acknowledged'),
  expired: listener('expired'),
  committed: listener('committed'),
});
