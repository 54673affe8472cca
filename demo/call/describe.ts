import type { CutCause, Exchange } from '../../src/client/index.ts';
import { duration } from './words.ts';

/** One line of the panel. */
export interface Entry {
  readonly kind: 'poll' | 'sent' | 'received' | 'other';
  readonly text: string;
  readonly note: string;
  readonly failed: boolean;
}

interface Message {
  readonly type: string;
  readonly from?: string;
  readonly to?: string;
  readonly ageMs?: number;
  /** Of a room event. */
  readonly payload?: {
    readonly participant?: { readonly participantId: string; readonly displayName?: string };
    readonly participantId?: string;
  };
}

const OTHER: Readonly<Record<string, string>> = {
  joinRoom: 'join the room',
  leaveRoom: 'leave the room',
  leaveRoomByPost: 'leave the room',
  listParticipants: 'read who is there',
  acknowledgeMessages: 'acknowledge',
  getIceServers: 'fetch STUN and TURN servers',
};

const CUTS: Readonly<Record<CutCause, string>> = {
  silent: 'no answer at all',
  aborted: 'given up',
  broken: 'the connection broke',
  foreign: 'answered by somebody else, such as a login page',
  rejoined: 'asked again as the new participant',
};

type NameOf = (participantId: string) => string;

/** What one exchange with the server means, in lines for people; the oldest first. */
export function describe(exchange: Exchange, nameOf: NameOf): Entry[] {
  if (exchange.operation === 'pollMessages') return describePoll(exchange, nameOf);
  if (exchange.operation === 'sendMessage' || exchange.operation === 'sendMessages')
    return describeSend(exchange, nameOf);
  const { operation, kind, ageMs } = exchange;
  const text = OTHER[operation] ?? operation;
  return [{ kind: 'other', text, note: kind === 'ok' ? duration(ageMs) : failure(exchange), failed: kind !== 'ok' }];
}

function describePoll(exchange: Exchange, nameOf: NameOf): Entry[] {
  const { kind, ageMs } = exchange;
  if (kind === 'cut' && exchange.cause === 'aborted') return [];
  if (kind !== 'ok') {
    return [{ kind: 'poll', text: `poll ended after ${duration(ageMs)}`, note: failure(exchange), failed: true }];
  }
  const { messages } = exchange.body as { readonly messages: readonly Message[] };
  const note = messages.length === 0 ? 'nothing new' : `${String(messages.length)} new`;
  const poll: Entry = { kind: 'poll', text: `poll held for ${duration(ageMs)}`, note, failed: false };
  return [poll, ...folded(messages.map((message) => received(message, nameOf)))];
}

function received({ type, from, ageMs = 0, payload }: Message, nameOf: NameOf): Entry {
  // Who has just joined is not known by name yet.
  const { displayName, participantId = payload?.participantId } = payload?.participant ?? {};
  const about = displayName ?? (participantId === undefined ? '' : nameOf(participantId));
  const text = from === undefined ? `${type}: ${about}` : `${type} from ${nameOf(from)}`;
  return { kind: 'received', text, note: `waited ${duration(ageMs)}`, failed: false };
}

function describeSend(exchange: Exchange, nameOf: NameOf): Entry[] {
  const { kind, sent, ageMs } = exchange;
  const messages = (sent as { readonly messages?: readonly Message[] }).messages ?? [sent as Message];
  const note = kind === 'ok' ? `stored in ${duration(ageMs)}` : failure(exchange);
  const entries = messages.map(({ type, to }): Entry => {
    const text = `${type} to ${to === undefined ? 'everyone' : nameOf(to)}`;
    return { kind: 'sent', text, note, failed: kind !== 'ok' };
  });
  return folded(entries);
}

/** Candidates come in swarms: those that arrived together and read alike become one line. */
function folded(entries: readonly Entry[]): Entry[] {
  const alike = Map.groupBy(entries, ({ text }) => text);
  return [...alike.values()].flatMap((group) => {
    const last = group.at(-1);
    if (last === undefined) return [];
    return [group.length === 1 ? last : { ...last, text: `${String(group.length)} × ${last.text}` }];
  });
}

function failure(exchange: Exchange): string {
  if (exchange.kind === 'problem') return exchange.problem.code;
  return exchange.kind === 'cut' ? CUTS[exchange.cause] : '';
}
