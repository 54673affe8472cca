import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  GONE_REMEMBERED_MS,
  LISTENING_GRACE_MS,
  MAX_GAPS,
  MAX_ROOM_EVENTS,
  MAX_UNUSED_TOKENS,
  RECONNECT_GRACE_MS,
} from '../../signalling/limits.ts';
import { ENVELOPE_BYTES } from '../../signalling/message.ts';
import { ROUNDING } from '../../signalling/rate.ts';

/** One Lua script, which Redis runs alone. */
export interface Script {
  readonly name: string;
  readonly text: string;
  /** By which Redis knows it once it has been loaded. */
  readonly sha: string;
}

/** What the scripts share with the rest of the service. */
const CONSTANTS = {
  MAX_GAPS,
  MAX_ROOM_EVENTS,
  MAX_UNUSED_TOKENS,
  LISTENING_GRACE_MS,
  RECONNECT_GRACE_MS,
  GONE_REMEMBERED_MS,
  ENVELOPE_BYTES,
  RATE_ROUNDING: ROUNDING,
  /** A room whose due time is that long past was not swept: the index may not have heard of it. */
  OVERDUE_MS: 10_000,
  /** The oldest event is among the first entries as a rule, and entries have payloads. */
  EVENTS_LOOKED_AT: 16,
  /** A process tells of presence up to 250 ms late; nobody goes too early because of that. */
  IDLE_SLACK_MS: 500,
  /** What a participant's keys outlive its idle time by, if no process is left to remove them: the longest poll, and a long restart. */
  KEPT_BEYOND_IDLE_MS: 900_000,
} as const;

/** Each part uses those before it. */
const PARTS = ['room', 'members', 'done', 'mailboxes', 'tokens', 'departures'] as const;

const read = (name: string): string => readFileSync(new URL(`scripts/${name}.lua`, import.meta.url), 'utf8');

const constants = Object.entries(CONSTANTS).map(([name, value]) => `local ${name} = ${value}`);
const parts = PARTS.map((part) => read(`shared/${part}`));

/**
 * A script of one room stands behind the parts that it needs, up to that one: all of them take 7 us, as long as the script itself
 * takes. Its first line, which names its flags, stays the first.
 */
function roomScript(name: string, upTo: (typeof PARTS)[number]): Script {
  const [flags = '', ...own] = read(name).split('\n');
  const shared = parts.slice(0, PARTS.indexOf(upTo) + 1);
  return script(name, [flags, ...constants, ...shared, ...own].join('\n'));
}

const script = (name: string, text: string): Script => ({
  name,
  text,
  sha: createHash('sha1').update(text).digest('hex'),
});

export const SCRIPTS = {
  join: roomScript('join', 'departures'),
  append: roomScript('append', 'mailboxes'),
  read: roomScript('read', 'mailboxes'),
  acknowledge: roomScript('acknowledge', 'mailboxes'),
  depart: roomScript('depart', 'departures'),
  closeRoom: roomScript('close-room', 'departures'),
  findToken: roomScript('find-token', 'members'),
  claimToken: roomScript('claim-token', 'tokens'),
  knowsJoin: roomScript('knows-join', 'members'),
  roster: roomScript('roster', 'members'),
  summary: roomScript('summary', 'members'),
  touch: roomScript('touch', 'done'),
  holdPoll: roomScript('hold-poll', 'done'),
  supersedePolls: roomScript('supersede-polls', 'done'),
  endPoll: roomScript('end-poll', 'done'),
  sweep: roomScript('sweep', 'departures'),
  schedule: script('schedule', read('schedule')),
  takeDue: script('take-due', read('take-due')),
  beginEra: script('begin-era', read('begin-era')),
  fleet: script('fleet', read('fleet')),
  claimFormat: script('claim-format', read('claim-format')),
  noteToken: script('note-token', read('note-token')),
  roomOfToken: script('room-of-token', read('room-of-token')),
  listRooms: script('list-rooms', read('list-rooms')),
  count: script('count', read('count')),
} as const;
