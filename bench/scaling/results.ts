import type { Figures } from '../measure/figures.ts';
import type { MachineInfo } from '../measure/machine.ts';
import type { Sizes } from '../workloads/workload.ts';

/** Where messages are: how the Redis of a run keeps them, or SQLite. */
export type Keeping = 'aof' | 'aof-always' | 'aof-replica' | 'none' | 'sqlite';

/** What a run measures, and on what. */
export interface ScalingOrder {
  what: 'calls' | 'presence';
  keeping: Keeping;
  processes: number;
  sizes: Sizes;
  /** For files; removed by the process that ordered the run. */
  directory: string;
}

/** What one stretch of load asked of a Redis. */
export interface RedisUse {
  seconds: number;
  cpuMs: number;
  /** Scripts that Holdline asked for. */
  scripts: number;
  /** Commands, those that scripts ran included. */
  commands: number;
  /** Wake-ups among them. */
  published: number;
  bytesIn: number;
  bytesOut: number;
  /** What went into the append-only file. */
  aofBytes: number;
}

/** How often a script ran while it was watched, and how long it took: the median, which other work on the machine leaves alone. */
export interface ScriptUse {
  name: string;
  runs: number;
  microseconds: number;
}

/** Calls on so many processes. */
export interface CallsRun {
  keeping: Keeping;
  processes: number;
  calls: Figures;
  paced: Figures;
  redis?: RedisUse;
}

/** What participants, messages and held polls take and cost: one process. */
export interface PresenceRun {
  /** Nobody there: what a process asks of Redis by itself. */
  idle: { holdlineCpuMs: number; redis: RedisUse };
  /** Scripts while calls were made, and how many messages those delivered. */
  callScripts: { delivered: number; scripts: ScriptUse[] };
  bytesPerParticipant: number;
  bytesPerCandidate: number;
  bytesPerDescription: number;
  /** In Redis, for each participant who joined and left; and the part of it that notes the room of a token. */
  bytesLeftBehind: number;
  bytesOfNotes: number;
  held: HeldPolls;
}

interface HeldPolls {
  polls: number;
  residentBytesPerPoll: number;
  redisBytesPerPoll: number;
  /** A stretch in which polls only ended and were renewed. */
  seconds: number;
  renewals: number;
  holdlineCpuMs: number;
  redis: RedisUse;
  /** A part of it. */
  watched: { renewals: number; scripts: ScriptUse[] };
}

export interface ScalingResults {
  startedAt: string;
  commit: string;
  command: string;
  redisVersion: string;
  machine: MachineInfo;
  /** Load average of the machine over a minute, at the start and at the end: 2 is what the bench itself brings. */
  load: readonly [number, number];
  calls: CallsRun[];
  presence?: PresenceRun;
  failures: string[];
}
