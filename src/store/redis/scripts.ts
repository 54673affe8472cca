import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  GONE_REMEMBERED_MS,
  LISTENING_GRACE_MS,
  MAX_TOMBSTONES,
  MAX_ROOM_EVENTS,
  MAX_UNUSED_TOKENS,
  RECONNECT_GRACE_MS,
} from '../../signalling/limits.ts';
import { ENVELOPE_BYTES } from '../../signalling/message.ts';
import { DRIFT_TOLERANCE } from '../../signalling/rate-limit.ts';

/** A Lua script. Redis runs one at a time. */
export interface Script {
  readonly name: string;
  readonly text: string;
  /** Identifies the script to Redis once it is loaded. */
  readonly sha: string;
}

/** Constants that the scripts share with the rest of the service. */
const CONSTANTS = {
  MAX_TOMBSTONES,
  MAX_ROOM_EVENTS,
  MAX_UNUSED_TOKENS,
  LISTENING_GRACE_MS,
  RECONNECT_GRACE_MS,
  GONE_REMEMBERED_MS,
  ENVELOPE_BYTES,
  RATE_ROUNDING: DRIFT_TOLERANCE,
  /** The index may have missed the due time of a room that has been overdue for longer than this. */
  OVERDUE_MS: 10_000,
  /**
   * Page size of the search for the oldest event. Small, since entries carry payloads and the event is usually among
   * the first.
   */
  EVENTS_LOOKED_AT: 16,
  /** Processes report presence up to 250 ms late; this slack keeps participants from departing early. */
  IDLE_SLACK_MS: 500,
  /**
   * How long a participant's keys outlive its idle timeout when no process removes them: the longest poll plus a long
   * restart.
   */
  KEPT_BEYOND_IDLE_MS: 900_000,
} as const;

/** Each part uses the ones before it. */
const PARTS = ['records', 'room', 'members', 'mailboxes', 'tokens', 'departures'] as const;

const read = (name: string): string => readFileSync(new URL(`scripts/${name}.lua`, import.meta.url), 'utf8');

const constants = Object.entries(CONSTANTS).map(([name, value]) => `local ${name} = ${value}`);
const parts = PARTS.map((part) => read(`shared/${part}`));

/**
 * perf: a room script includes only the shared parts up to `upTo`. All parts take 7 us to set up, as long as a script
 * itself takes. The line with the script's flags stays first.
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
  touch: roomScript('touch', 'members'),
  holdPoll: roomScript('hold-poll', 'members'),
  supersedePolls: roomScript('supersede-polls', 'members'),
  endPoll: roomScript('end-poll', 'members'),
  sweep: roomScript('sweep', 'departures'),
  schedule: script('schedule', read('schedule')),
  takeDue: script('take-due', read('take-due')),
  beginEpoch: script('begin-epoch', read('begin-epoch')),
  heartbeat: script('heartbeat', read('heartbeat')),
  leave: script('leave', read('leave')),
  clockOffset: script('clock-offset', read('clock-offset')),
  claimFormat: script('claim-format', read('claim-format')),
  noteToken: script('note-token', read('note-token')),
  roomOfToken: script('room-of-token', read('room-of-token')),
  listRooms: script('list-rooms', read('list-rooms')),
  count: script('count', read('count')),
} as const;
