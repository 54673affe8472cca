import type { Figures } from '../measure/figures.ts';
import type { MachineInfo } from '../measure/machine.ts';
import type { Sizes } from '../workloads/workload.ts';

/** Where messages are stored: SQLite, or Redis with the persistence named. */
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

/** What a load makes Redis do. */
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

/** Runs of a script and their median duration, which other work on the machine hardly changes. */
export interface ScriptUse {
  name: string;
  runs: number;
  microseconds: number;
}

/** The calls of a run. */
export interface CallsRun {
  keeping: Keeping;
  processes: number;
  calls: Figures;
  paced: Figures;
  redis?: RedisUse;
}

/** Memory and CPU of participants, messages and held polls on one process. */
export interface PresenceRun {
  /** Without participants: the background work of a process. */
  idle: { holdlineCpuMs: number; redis: RedisUse };
  /** Scripts while calls were made, and how many messages those delivered. */
  callScripts: { delivered: number; scripts: ScriptUse[] };
  bytesPerParticipant: number;
  bytesPerCandidate: number;
  bytesPerDescription: number;
  /** In Redis, for each participant that has left; and the part of it for the room of its token. */
  bytesLeftBehind: number;
  bytesOfNotes: number;
  held: HeldPolls;
}

interface HeldPolls {
  polls: number;
  residentBytesPerPoll: number;
  redisBytesPerPoll: number;
  /** A time in which polls only end and are renewed. */
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
