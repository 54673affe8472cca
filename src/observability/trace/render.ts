import type { RoomId } from '../../signalling/ids.ts';
import type { PollEnd } from '../../signalling/telemetry.ts';
import type { TraceEvent } from './events.ts';
import type { Timeline } from './timeline.ts';

type Of<Kind extends TraceEvent['kind']> = Extract<TraceEvent, { kind: Kind }>;

/** When a copy was first in a reply, and when the cursor behind it came back. */
interface Fate {
  readonly handedAtMs: number;
  acknowledgedAtMs?: number;
}

/** `<message id> <recipient>` to what became of the copy. */
type Fates = ReadonlyMap<string, Fate>;

interface Known {
  readonly fates: Fates;
  readonly isShared: boolean;
}

const keyOf = (id: string, who: string): string => `${id} ${who}`;

interface RenderOptions {
  readonly nowMs: number;
  /** Other processes may have delivered what this one has not: a missing event proves nothing. */
  readonly isShared: boolean;
}

export function render(roomId: RoomId, timeline: Timeline, { nowMs, isShared }: RenderOptions): string {
  const events = timeline.events();
  const fates = fatesOf(events);
  const widths = Math.max(...events.map(({ who }) => who.length), 0);
  const lines = events.map((event) => lineOf(event, widths, describe(event, { fates, isShared })));
  const held = timeline.held().map(({ who, atMs }) => `${who} for ${duration(nowMs - atMs)}`);
  return [
    `room ${roomId}, the last ${events.length} events of this process, times in UTC, no payloads`,
    ...(isShared ? ['other processes on the same Redis keep traces of their own: ask each of them'] : []),
    ...lines,
    `now ${new Date(nowMs).toISOString()}; polls held${isShared ? ' by this process' : ''}: ${held.join(', ') || 'none'}`,
    '',
  ].join('\n');
}

const lineOf = ({ atMs, who }: TraceEvent, width: number, text: string): string =>
  `${new Date(atMs).toISOString()}  ${who.padEnd(width)}  ${text}`;

function fatesOf(events: readonly TraceEvent[]): Fates {
  const fates = new Map<string, Fate>();
  const unacknowledged = new Map<string, { readonly position: number; readonly fate: Fate }[]>();
  for (const event of events) {
    if (event.kind === 'poll') {
      for (const { id, position } of event.handed) {
        const key = keyOf(id, event.who);
        if (fates.has(key)) continue;
        const fate: Fate = { handedAtMs: event.atMs };
        fates.set(key, fate);
        unacknowledged.set(event.mailboxId, [...(unacknowledged.get(event.mailboxId) ?? []), { position, fate }]);
      }
    } else if (event.kind === 'acknowledged') {
      const waiting = unacknowledged.get(event.mailboxId) ?? [];
      for (const { fate } of waiting.filter(({ position }) => position <= event.position)) {
        fate.acknowledgedAtMs = event.atMs;
      }
      const left = waiting.filter(({ position }) => position > event.position);
      unacknowledged.set(event.mailboxId, left);
    }
  }
  return fates;
}

function describe(event: TraceEvent, known: Known): string {
  switch (event.kind) {
    case 'joined':
      return event.resumed ? 'joined again and kept its mailbox' : 'joined';
    case 'gone':
      return `gone (${event.reason})${event.unread > 0 ? `, ${event.unread} unacknowledged went with it` : ''}`;
    case 'sent':
      return describeSent(event, known);
    case 'poll':
      return describePoll(event);
    case 'acknowledged':
      return 'acknowledged what it had read';
    case 'expired':
      return `did not acknowledge ${event.type} in its lifetime`;
  }
}

function describeSent({ id, type, to, atMs }: Of<'sent'>, { fates, isShared }: Known): string {
  if (to.length === 0) return `sent ${type}, and nobody else was there  [${id}]`;
  const copies = to.map(({ participantId, listening }) => {
    const fate = fates.get(keyOf(id, participantId));
    const text = fate === undefined ? unseen(listening, isShared) : seen(fate, atMs, isShared);
    return `${participantId}: ${text}`;
  });
  return `sent ${type} to ${copies.join('; ')}  [${id}]`;
}

const unseen = (wasListening: boolean, isShared: boolean): string =>
  `${isShared ? 'in no reply of this process' : 'in no reply yet'}${wasListening ? '' : ', it was not listening'}`;

function seen({ handedAtMs, acknowledgedAtMs }: Fate, sentAtMs: number, isShared: boolean): string {
  const handed = `in a reply after ${duration(handedAtMs - sentAtMs)}`;
  if (acknowledgedAtMs !== undefined) return `${handed}, acknowledged after ${duration(acknowledgedAtMs - sentAtMs)}`;
  return `${handed}, not acknowledged${isShared ? ' at this process' : ''}`;
}

const ENDS: Record<PollEnd, string> = {
  message: 'answered',
  window: 'answered empty, its window was over',
  superseded: 'superseded by a newer poll',
  gone: 'ended, the participant was gone or replaced',
  'hung-up': 'cut: the client or a proxy hung up',
  draining: 'answered empty, the server was stopping',
  refused: 'refused',
};

function describePoll({ end, heldMs, handed, expired }: Of<'poll'>): string {
  const held = heldMs === undefined ? 'poll' : `poll held ${duration(heldMs)}`;
  const count = handed.length === 0 ? '' : ` with ${handed.map(({ type }) => type).join(', ')}`;
  return `${held}, ${ENDS[end]}${count}${expired > 0 ? `, ${expired} expired` : ''}`;
}

function duration(ms: number): string {
  const rounded = Math.max(0, Math.round(ms));
  return rounded < 1_000 ? `${rounded} ms` : `${(rounded / 1_000).toFixed(1)} s`;
}
