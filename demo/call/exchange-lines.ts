import type { CutCause, Exchange } from '../../src/client/index.ts';
import { parsePing } from './pings.ts';
import { duration } from './words.ts';

/** One line of the panel. */
export interface PanelLine {
  readonly kind: 'poll' | 'sent' | 'received' | 'other' | 'told';
  readonly text: string;
  readonly note: string;
  readonly failed: boolean;
}

interface Message {
  readonly type: string;
  readonly from?: string;
  readonly to?: string;
  readonly ageMs?: number;
  readonly payload?: unknown;
}

/** The payload of room events. */
interface RoomEventPayload {
  readonly participant?: { readonly participantId: string; readonly displayName?: string };
  readonly participantId?: string;
}

const OTHER: Readonly<Record<string, string>> = {
  joinRoom: 'join the room',
  leaveRoom: 'leave the room',
  leaveRoomByPost: 'leave the room',
  listParticipants: 'list participants',
  acknowledgeMessages: 'acknowledge',
  getIceServers: 'fetch STUN and TURN servers',
};

const CUTS: Readonly<Record<CutCause, string>> = {
  silent: 'no response',
  aborted: 'aborted',
  broken: 'the connection broke',
  foreign: 'another server answered',
  rejoined: 'repeated after a rejoin',
};

type NameOf = (participantId: string) => string;

/** One exchange with the server as lines of the panel, oldest first. */
export function linesOf(exchange: Exchange, nameOf: NameOf): PanelLine[] {
  if (exchange.operation === 'pollMessages') return pollLines(exchange, nameOf);
  if (exchange.operation === 'sendMessage' || exchange.operation === 'sendMessages') return sendLines(exchange, nameOf);
  const { operation, kind, ageMs } = exchange;
  const text = OTHER[operation] ?? operation;
  return [{ kind: 'other', text, note: kind === 'ok' ? duration(ageMs) : failure(exchange), failed: kind !== 'ok' }];
}

function pollLines(exchange: Exchange, nameOf: NameOf): PanelLine[] {
  const { kind, ageMs } = exchange;
  if (kind === 'cut' && exchange.cause === 'aborted') return [];
  if (kind !== 'ok') {
    return [{ kind: 'poll', text: `poll ended after ${duration(ageMs)}`, note: failure(exchange), failed: true }];
  }
  const { messages } = exchange.body as { readonly messages: readonly Message[] };
  const note = messages.length === 0 ? 'nothing new' : `${String(messages.length)} new`;
  const poll: PanelLine = { kind: 'poll', text: `poll held for ${duration(ageMs)}`, note, failed: false };
  return [poll, ...folded(messages.map((message) => receivedLine(message, nameOf)))];
}

/** One message as a line. */
export function receivedLine(message: Message, nameOf: NameOf): PanelLine {
  const { type, from, ageMs = 0 } = message;
  const text =
    from === undefined ? `${type}: ${subjectOf(message, nameOf)}` : `${titleOf(message)} from ${nameOf(from)}`;
  return { kind: 'received', text, note: `waited ${duration(ageMs)}`, failed: false };
}

/** The participant whom a room event is about. */
function subjectOf({ payload }: Message, nameOf: NameOf): string {
  const event = (payload ?? {}) as RoomEventPayload;
  // A participant who has just joined is not in the roster yet.
  const { displayName, participantId = event.participantId } = event.participant ?? {};
  return displayName ?? (participantId === undefined ? '' : nameOf(participantId));
}

function titleOf({ type, payload }: Message): string {
  const ping = parsePing(payload);
  return ping === undefined ? type : `${ping.demo} ${String(ping.number)}`;
}

function sendLines(exchange: Exchange, nameOf: NameOf): PanelLine[] {
  const { kind, sent, ageMs } = exchange;
  const messages = (sent as { readonly messages?: readonly Message[] }).messages ?? [sent as Message];
  const note = kind === 'ok' ? `stored in ${duration(ageMs)}` : failure(exchange);
  const lines = messages.map((message): PanelLine => {
    const { to } = message;
    const text = `${titleOf(message)} to ${to === undefined ? 'everyone' : nameOf(to)}`;
    return { kind: 'sent', text, note, failed: kind !== 'ok' };
  });
  return folded(lines);
}

/** Candidates come in bursts: equal lines of one exchange become one. */
function folded(lines: readonly PanelLine[]): PanelLine[] {
  const alike = Map.groupBy(lines, ({ text }) => text);
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
