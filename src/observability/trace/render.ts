import type { RoomId } from '../../signalling/ids.ts';
import type { GoneReason } from '../../signalling/message.ts';
import type { PollEnd, ReadingEnd } from '../../signalling/telemetry.ts';
import type { HeldSummary } from '../../signalling/waiters.ts';

/** A message in a reply, without its content. */
interface DeliveredMessage {
  readonly id: string;
  readonly type: string;
  readonly position: number;
}

export interface DeliveredBatch {
  readonly mailboxId: string;
  readonly delivered: readonly DeliveredMessage[];
  readonly expired: number;
}

interface Recipient {
  readonly participantId: string;
  /** Whether one of its polls was held, or had just ended, when the message was stored. */
  readonly listening: boolean;
}

/** An event in a room, with its wall-clock time. It holds names, types and times, never content. */
export type TraceEvent = { readonly atMs: number; readonly participantId: string } & (
  | { readonly kind: 'joined'; readonly resumed: boolean }
  | { readonly kind: 'gone'; readonly reason: GoneReason; readonly unread: number }
  | { readonly kind: 'sent'; readonly id: string; readonly type: string; readonly recipients: readonly Recipient[] }
  | ({ readonly kind: 'poll'; readonly end: PollEnd; readonly heldMs: number | undefined } & DeliveredBatch)
  | ({ readonly kind: 'batch' } & DeliveredBatch)
  | { readonly kind: 'reading'; readonly end: ReadingEnd; readonly readMs: number }
  | { readonly kind: 'acknowledged'; readonly mailboxId: string; readonly position: number }
  | { readonly kind: 'expired' }
);

type EventOf<Kind extends TraceEvent['kind']> = Extract<TraceEvent, { kind: Kind }>;

/** Times at which a copy of a message was first in a reply, and at which its recipient acknowledged it. */
interface Delivery {
  readonly deliveredAtMs: number;
  acknowledgedAtMs?: number;
}

interface Context {
  /** Keyed by `<message id> <recipient>`. */
  readonly deliveries: ReadonlyMap<string, Delivery>;
  readonly isShared: boolean;
}

interface RoomTrace {
  /** Oldest first. */
  readonly events: readonly TraceEvent[];
  readonly held: readonly HeldSummary[];
  readonly nowMs: number;
  /** Other processes may have delivered messages, so a missing event proves nothing. */
  readonly isShared: boolean;
}

/** Renders one line of text per event. */
export function render(roomId: RoomId, { events, held, nowMs, isShared }: RoomTrace): string {
  const context = { deliveries: deliveriesOf(events), isShared };
  const width = Math.max(...events.map(({ participantId }) => participantId.length), 0);
  const heldBy = (transport: HeldSummary['transport']): string[] =>
    held
      .filter((each) => each.transport === transport)
      .map(({ participantId, heldMs }) => `${participantId} for ${duration(heldMs)}`);
  const polls = heldBy('poll').join(', ') || 'none';
  const sockets = heldBy('socket').join(', ');
  return [
    `room ${roomId}, the last ${events.length} events of this process, times in UTC, no payloads`,
    ...(isShared ? ['other processes on the same Redis have traces of their own: query each of them'] : []),
    ...events.map((event) => lineOf(event, width, textOf(event, context))),
    `now ${new Date(nowMs).toISOString()}; polls held${isShared ? ' by this process' : ''}: ${polls}${sockets && `; sockets reading: ${sockets}`}`,
    '',
  ].join('\n');
}

const lineOf = ({ atMs, participantId }: TraceEvent, width: number, text: string): string =>
  `${new Date(atMs).toISOString()}  ${participantId.padEnd(width)}  ${text}`;

const keyOf = (messageId: string, recipient: string): string => `${messageId} ${recipient}`;

function deliveriesOf(events: readonly TraceEvent[]): Context['deliveries'] {
  const deliveries = new Map<string, Delivery>();
  const unacknowledged = new Map<string, { readonly position: number; readonly delivery: Delivery }[]>();
  for (const event of events) {
    if (event.kind === 'poll' || event.kind === 'batch') {
      for (const { id, position } of event.delivered) {
        const key = keyOf(id, event.participantId);
        if (deliveries.has(key)) continue;
        const delivery: Delivery = { deliveredAtMs: event.atMs };
        deliveries.set(key, delivery);
        unacknowledged.set(event.mailboxId, [...(unacknowledged.get(event.mailboxId) ?? []), { position, delivery }]);
      }
    } else if (event.kind === 'acknowledged') {
      const pending = unacknowledged.get(event.mailboxId) ?? [];
      for (const { delivery } of pending.filter(({ position }) => position <= event.position)) {
        delivery.acknowledgedAtMs = event.atMs;
      }
      const left = pending.filter(({ position }) => position > event.position);
      unacknowledged.set(event.mailboxId, left);
    }
  }
  return deliveries;
}

function textOf(event: TraceEvent, context: Context): string {
  switch (event.kind) {
    case 'joined':
      return event.resumed ? 'joined again and kept its mailbox' : 'joined';
    case 'gone':
      return `gone (${event.reason})${event.unread > 0 ? `, unacknowledged messages: ${event.unread}` : ''}`;
    case 'sent':
      return textOfSent(event, context);
    case 'poll':
      return textOfPoll(event);
    case 'batch':
      return `socket, was sent a batch${textOfBatch(event)}`;
    case 'reading':
      return `socket read ${duration(event.readMs)}, ${READING_ENDS[event.end]}`;
    case 'acknowledged':
      return 'acknowledged the messages that it had received';
    case 'expired':
      return 'did not acknowledge a message within its lifetime';
  }
}

function textOfSent({ id, type, recipients, atMs }: EventOf<'sent'>, { deliveries, isShared }: Context): string {
  if (recipients.length === 0) return `sent ${type}, no other participant was in the room  [${id}]`;
  const copies = recipients.map(({ participantId, listening }) => {
    const delivery = deliveries.get(keyOf(id, participantId));
    const text = delivery === undefined ? undelivered(listening, isShared) : delivered(delivery, atMs, isShared);
    return `${participantId}: ${text}`;
  });
  return `sent ${type} to ${copies.join('; ')}  [${id}]`;
}

const undelivered = (wasListening: boolean, isShared: boolean): string =>
  `${isShared ? 'in no reply of this process' : 'in no reply yet'}${wasListening ? '' : ', it was not listening'}`;

function delivered({ deliveredAtMs, acknowledgedAtMs }: Delivery, sentAtMs: number, isShared: boolean): string {
  const text = `in a reply after ${duration(deliveredAtMs - sentAtMs)}`;
  if (acknowledgedAtMs !== undefined) return `${text}, acknowledged after ${duration(acknowledgedAtMs - sentAtMs)}`;
  return `${text}, not acknowledged${isShared ? ' at this process' : ''}`;
}

const ENDS: Record<PollEnd, string> = {
  message: 'answered',
  window: 'answered empty at the end of its window',
  shortened: 'answered empty at the end of a window shortened for its network',
  superseded: 'superseded by a newer poll',
  gone: 'ended, the participant was gone or replaced',
  'hung-up': 'cut off by the client or a proxy',
  draining: 'answered empty, the server was stopping',
  refused: 'refused',
};

const READING_ENDS: Record<ReadingEnd, string> = {
  superseded: 'a newer poll or socket took over',
  gone: 'ended, the participant was gone or replaced',
  'hung-up': 'closed by the client or a proxy',
  silent: 'closed, its last batch was not acknowledged',
  draining: 'closed, the server was stopping',
  refused: 'refused',
};

function textOfPoll({ end, heldMs, ...batch }: EventOf<'poll'>): string {
  const poll = heldMs === undefined ? 'poll' : `poll held ${duration(heldMs)}`;
  return `${poll}, ${ENDS[end]}${textOfBatch(batch)}`;
}

function textOfBatch({ delivered: messages, expired }: Pick<DeliveredBatch, 'delivered' | 'expired'>): string {
  const types = messages.length === 0 ? '' : ` with ${messages.map(({ type }) => type).join(', ')}`;
  return `${types}${expired > 0 ? `, ${expired} expired` : ''}`;
}

function duration(ms: number): string {
  const rounded = Math.max(0, Math.round(ms));
  return rounded < 1_000 ? `${rounded} ms` : `${(rounded / 1_000).toFixed(1)} s`;
}
