import { short, type Table } from '../report/tables.ts';
import type { CallsRun, PresenceRun } from './results.ts';
import { redisCpuPer1000 } from './tables.ts';

/** Assumptions about a million participants. Each is a choice, not a measurement. */
const PARTICIPANTS = 1_000_000;
const STAY_S = 30 * 60;
/** A call of two every ten minutes: 13 messages to each of both, as in `calls`. */
const SECONDS_PER_CALL = 600;
const MESSAGES_EACH = 13;
/** The default window of 25 s, shortened by 5 % on average, plus a round trip. */
const SECONDS_PER_RENEWAL = 24;
/** Share of a core. The rest is for peaks and for the load of a process that has failed. */
const TARGET_LOAD = 0.5;
/** How long a message stays in its mailbox on average. */
const UNREAD_SECONDS = 5;
/** Headers both ways with a browser's fields, an empty batch, TLS and TCP. */
const BYTES_PER_RENEWAL = 2_000;
const BYTES_PER_MESSAGE = 4_000;
/** Source ports that Linux gives a proxy for one address and port: 32768 to 60999. */
const EPHEMERAL_PORTS = 28_232;
/** How long Redis keeps departed participants, and the room of a token. */
const GONE_KEPT_S = 600;
const NOTES_KEPT_S = 1_200;
/** A PUBLISH on the bus of a Redis 7 cluster, to each other node. */
const BUS_BYTES_PER_WAKE_UP = 2_330;
const GIB = 2 ** 30;
const MIB = 2 ** 20;

/** The processes for a million participants, extrapolated from one process and one Redis. */
export function millionTable(aof: CallsRun, presence: PresenceRun): Table {
  const { held } = presence;
  const renewals = PARTICIPANTS / SECONDS_PER_RENEWAL;
  const messages = (PARTICIPANTS * MESSAGES_EACH) / SECONDS_PER_CALL;
  const joins = PARTICIPANTS / STAY_S;
  const holdlineCores =
    cores(renewals, held.holdlineCpuMs / held.renewals) + cores(messages, aof.calls.cpuMsPer1000 / 1_000);
  const redisRenewing = cores(renewals, held.redis.cpuMs / held.renewals);
  const redisSending = cores(messages, redisCpuPer1000(aof) / 1_000);
  const redisCores = redisRenewing + redisSending;
  const processes = Math.ceil(holdlineCores / TARGET_LOAD);
  const live = PARTICIPANTS * held.redisBytesPerPoll + messages * UNREAD_SECONDS * presence.bytesPerCandidate;
  const left = joins * (presence.bytesLeftBehind - presence.bytesOfNotes) * GONE_KEPT_S;
  const notes = joins * presence.bytesOfNotes * NOTES_KEPT_S;
  const bytes = (renewals * BYTES_PER_RENEWAL + messages * BYTES_PER_MESSAGE) * 8;
  const aofBytes = messages * ((aof.redis?.aofBytes ?? 0) / aof.calls.delivered);
  return [
    ['what', 'how much', 'how'],
    ['renewals of polls', `${thousands(renewals)} / s`, `arithmetic: one in ${SECONDS_PER_RENEWAL} s each`],
    ['messages', `${thousands(messages)} / s`, 'assumed: a call of 26 messages every 10 minutes'],
    ['joins', `${thousands(joins)} / s`, 'assumed: participants stay for 30 minutes'],
    ['Holdline: CPU', `${holdlineCores.toFixed(1)} cores`, 'measured costs times the above'],
    ['Holdline: processes', `${processes}`, 'extrapolated: each core half busy'],
    [
      'Holdline: memory',
      `${((PARTICIPANTS * held.residentBytesPerPoll) / GIB).toFixed(0)} GiB over all`,
      'measured at 5,000 polls',
    ],
    [
      'Redis: CPU',
      `${redisCores.toFixed(1)} cores: ${redisRenewing.toFixed(1)} for idle held polls, ${redisSending.toFixed(1)} for messages`,
      'measured costs times the above',
    ],
    [
      'Redis: masters',
      `${Math.ceil(redisCores / TARGET_LOAD)}`,
      'extrapolated: each core half busy, rooms spread evenly',
    ],
    ['so each process carries', `${thousands(PARTICIPANTS / processes)} participants`, 'beyond, add processes'],
    [
      'so each Redis carries',
      `${thousands((PARTICIPANTS * TARGET_LOAD) / redisCores)} participants`,
      'beyond, a cluster',
    ],
    ['Redis: memory, present participants', `${(live / GIB).toFixed(1)} GiB`, 'measured bytes'],
    [
      'Redis: memory, former participants',
      `${((left + notes) / GIB).toFixed(1)} GiB`,
      'measured bytes; kept for 10 minutes, rooms of tokens for 20',
    ],
    [
      'Redis: append-only files',
      `${(aofBytes / MIB).toFixed(0)} MB / s over all`,
      'measured for messages, without renewals',
    ],
    [
      'Redis: scripts of idle processes',
      `${thousands((processes * presence.idle.redis.scripts) / presence.idle.redis.seconds)} / s`,
      'measured for one process',
    ],
    [
      'Redis: cluster bus',
      `at most ${((messages * BUS_BYTES_PER_WAKE_UP) / 1e6).toFixed(0)} MB / s into each node`,
      'measured bytes of a wake-up; one for each message',
    ],
    ['clients: bandwidth', `${(bytes / 1e9).toFixed(1)} Gbit / s`, 'assumed: 2 KB a renewal, 4 KB a message'],
    ['load balancer: descriptors', thousands(2 * PARTICIPANTS), 'arithmetic: two for each poll'],
    [
      'load balancer: addresses x processes',
      `at least ${Math.ceil(PARTICIPANTS / EPHEMERAL_PORTS)}`,
      `arithmetic: ${thousands(EPHEMERAL_PORTS)} ports for each pair of them`,
    ],
  ];
}

const cores = (perSecond: number, ms: number): number => (perSecond * ms) / 1_000;

const thousands = (value: number): string =>
  value >= 1_000 ? (Math.round(value / 100) * 100).toLocaleString('en') : short(value);

/** The capacity of a core of each, and which is full first. */
export function capacity(aof: CallsRun, { held }: PresenceRun): string[] {
  const messages = (cpuMsPer1000: number) => 1e6 / cpuMsPer1000;
  const polls = (cpuMs: number) => (SECONDS_PER_RENEWAL * 1_000) / (cpuMs / held.renewals);
  const holdline = { messages: messages(aof.calls.cpuMsPer1000), polls: polls(held.holdlineCpuMs) };
  const redis = { messages: messages(redisCpuPer1000(aof)), polls: polls(held.redis.cpuMs) };
  return [
    `- A core of Holdline, fully busy, carries ${thousands(holdline.messages)} messages a second, or ${thousands(holdline.polls)} idle held polls.`,
    `- A Redis, whose scripts run on one core, carries ${thousands(redis.messages)} messages a second, or ${thousands(redis.polls)} idle held polls.`,
    `- So one Redis serves ${short(redis.messages / holdline.messages)} processes that are busy with messages, or ${short(redis.polls / holdline.polls)} that are busy with polls. With fewer the processes are full first, with more it is Redis.`,
  ];
}
