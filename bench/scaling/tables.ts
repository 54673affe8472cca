import { short, type Table } from '../report/tables.ts';
import type { CallsRun, Keeping, PresenceRun, RedisUse, ScalingResults, ScriptUse } from './results.ts';

const STORES: Record<Keeping, string> = {
  sqlite: 'SQLite, full',
  none: 'Redis, nothing on disk',
  aof: 'Redis, AOF everysec',
  'aof-always': 'Redis, AOF always',
  'aof-replica': 'Redis, AOF everysec, `replicas=1`',
};

/** The cost of a delivered message. */
export function callsTable({ calls }: ScalingResults): Table {
  return [
    [
      ...['store', 'processes', 'Holdline, CPU ms / 1,000', 'the same at 20 calls/s', 'Redis, CPU ms / 1,000'],
      ...['scripts, commands / message', 'messages / s, all on one core', 'p50 / p99 ms at 20 calls/s'],
      ...['p50 / p99 ms under full load', 'lost / doubled / reordered'],
    ],
    ...calls.map((run) => [
      ...[STORES[run.keeping], String(run.processes), short(run.calls.cpuMsPer1000), short(run.paced.cpuMsPer1000)],
      ...(run.redis === undefined
        ? ['', '']
        : [
            short(redisCpuPer1000(run)),
            `${short(each(run.redis.scripts, run))}, ${short(each(run.redis.commands, run))}`,
          ]),
      (run.calls.delivered / run.calls.seconds).toFixed(0),
      ...[run.paced, run.calls].map(({ latencyMs: { p50, p99 } }) => `${short(p50)} / ${short(p99)}`),
      mishaps(run),
    ]),
  ];
}

export const redisCpuPer1000 = ({ redis, calls }: CallsRun): number => ((redis?.cpuMs ?? 0) / calls.delivered) * 1_000;

const each = (count: number | undefined, { calls }: CallsRun): number => (count ?? 0) / calls.delivered;

function mishaps({ calls, paced }: CallsRun): string {
  const both = [calls, paced];
  const sum = (of: 'lost' | 'doubled' | 'reordered') => both.reduce((total, figures) => total + figures[of], 0);
  return `${sum('lost')} / ${sum('doubled')} / ${sum('reordered')}`;
}

/** Memory and traffic, and the cost of held polls. */
export function bytesTable(presence: PresenceRun, aof: CallsRun): Table {
  const { held, idle } = presence;
  const perMessage = (name: 'aofBytes' | 'bytesIn' | 'bytesOut') => short(each(aof.redis?.[name], aof) / 1024);
  return [
    ['what', 'measured'],
    ['Redis: a participant in a room of two, that does not poll', `${short(presence.bytesPerParticipant / 1024)} KB`],
    ['Redis: a participant in a room of two with a held poll', `${short(held.redisBytesPerPoll / 1024)} KB`],
    ['Redis: a waiting candidate of 250 B', `${short(presence.bytesPerCandidate / 1024)} KB`],
    ['Redis: a waiting description of 3 KB', `${short(presence.bytesPerDescription / 1024)} KB`],
    [
      'Redis: kept for a while after a participant has left',
      `${short(presence.bytesLeftBehind / 1024)} KB, ${short(presence.bytesOfNotes / 1024)} KB of it for the room of its token`,
    ],
    ['AOF: each delivered message, joining and leaving included', `${perMessage('aofBytes')} KB`],
    [
      'Network between Holdline and Redis, each delivered message',
      `${perMessage('bytesIn')} KB to Redis, ${perMessage('bytesOut')} KB from Redis`,
    ],
    ['Wake-ups, each delivered message', short(each(aof.redis?.published, aof))],
    [
      `Holdline: memory of a held poll, at ${held.polls.toLocaleString('en')}`,
      `${short(held.residentBytesPerPoll / 1024)} KB`,
    ],
    ['Holdline: CPU of renewing a held poll', `${short(held.holdlineCpuMs / held.renewals)} ms`],
    [
      'Redis: CPU of renewing a held poll',
      `${short(held.redis.cpuMs / held.renewals)} ms, ${short(held.redis.scripts / held.renewals)} scripts`,
    ],
    [
      'An idle process',
      `${short(idle.holdlineCpuMs / idle.redis.seconds)} ms of its CPU a second, ${perSecond(idle.redis)} scripts a second`,
    ],
  ];
}

const perSecond = ({ scripts, seconds }: RedisUse): string => (scripts / seconds).toFixed(0);

/** The time of Redis by script. */
export function scriptsTable({ callScripts, held: { watched } }: PresenceRun): Table {
  const names = [...new Set([...callScripts.scripts, ...watched.scripts].map(({ name }) => name))];
  const rows = names.map((name) => {
    const inCalls = callScripts.scripts.find((script) => script.name === name);
    const inPolls = watched.scripts.find((script) => script.name === name);
    return [
      `\`${name}\``,
      ...[perRun(inCalls, callScripts.delivered / 1_000), perRun(inPolls, watched.renewals / 1_000)],
      ...[inCalls, inPolls].map((use) => (use === undefined ? '' : String(use.microseconds))),
    ];
  });
  return [['script', 'runs / 1,000 messages', 'runs / 1,000 renewals', 'µs, in calls', 'µs, in renewals'], ...rows];
}

const perRun = (use: ScriptUse | undefined, per: number): string =>
  use === undefined ? '' : (use.runs / per).toFixed(0);
