import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { GONE_REMEMBERED_MS, LISTENING_GRACE_MS, MAX_ROOM_EVENTS } from '../../signalling/limits.ts';
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
  MAX_ROOM_EVENTS,
  LISTENING_GRACE_MS,
  GONE_REMEMBERED_MS,
  ENVELOPE_BYTES,
  RATE_ROUNDING: ROUNDING,
  /** As in the SQLite store: below it every gap is an entry of its own, so that `expired` is exact for every cursor. */
  MAX_GAPS: 1_024,
  /** A process tells of presence up to 250 ms late; nobody goes too early because of that. */
  IDLE_SLACK_MS: 500,
  /** What a participant's keys outlive its idle time by, if no process is left to remove them: the longest poll, and a long restart. */
  KEPT_BEYOND_IDLE_MS: 900_000,
} as const;

/** The order matters: each part uses those before it. */
const PARTS = ['room', 'members', 'mailboxes', 'tokens', 'departures', 'done'] as const;

const read = (name: string): string => readFileSync(new URL(`scripts/${name}.lua`, import.meta.url), 'utf8');

const constants = Object.entries(CONSTANTS).map(([name, value]) => `local ${name} = ${value}`);

/** A script of one room stands behind what they all share; its first line, which names its flags, stays the first. */
function roomScript(name: string): Script {
  const [flags = '', ...own] = read(name).split('\n');
  const shared = PARTS.map((part) => read(`shared/${part}`));
  return script(name, [flags, ...constants, ...shared, ...own].join('\n'));
}

const script = (name: string, text: string): Script => ({
  name,
  text,
  sha: createHash('sha1').update(text).digest('hex'),
});

export const SCRIPTS = {
  join: roomScript('join'),
  append: roomScript('append'),
  read: roomScript('read'),
  acknowledge: roomScript('acknowledge'),
  depart: roomScript('depart'),
  closeRoom: roomScript('close-room'),
  findToken: roomScript('find-token'),
  claimToken: roomScript('claim-token'),
  knowsJoin: roomScript('knows-join'),
  roster: roomScript('roster'),
  summary: roomScript('summary'),
  touch: roomScript('touch'),
  holdPoll: roomScript('hold-poll'),
  supersedePolls: roomScript('supersede-polls'),
  endPoll: roomScript('end-poll'),
  sweep: roomScript('sweep'),
  schedule: script('schedule', read('schedule')),
  takeDue: script('take-due', read('take-due')),
  beginEra: script('begin-era', read('begin-era')),
  fleet: script('fleet', read('fleet')),
  noteToken: script('note-token', read('note-token')),
  roomOfToken: script('room-of-token', read('room-of-token')),
  listRooms: script('list-rooms', read('list-rooms')),
  count: script('count', read('count')),
} as const;
