import type { Figures } from '../measure/figures.ts';
import type { MachineInfo } from '../measure/machine.ts';
import type { Sizes } from '../workloads/workload.ts';

/** Where messages are stored: SQLite, or Redis with the persistence named. */
export type Keeping = 'aof' | 'aof-always' | 'aof-replica' | 'none' | 'sqlite';

/** The measurement of a run, and its setup. */
export interface ScalingOrder {
  what: 'calls' | 'presence';
  keeping: Keeping;
  processes: number;
  sizes: Sizes;
  /** Directory for files; removed by the process that ordered the run. */
  directory: string;
}

/** The work of Redis during a load. */
export interface RedisUse {
  seconds: number;
  cpuMs: number;
  /** Scripts that Holdline asked for. */
  scripts: number;
  /** Commands, including those that scripts ran. */
  commands: number;
  /** Wake-ups among them. */
  published: number;
  bytesIn: number;
  bytesOut: number;
  /** Bytes written to the append-only file. */
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
  /** Background work of a process without participants. */
  idle: { holdlineCpuMs: number; redis: RedisUse };
  /** Scripts while calls were made, and how many messages those delivered. */
  callScripts: { delivered: number; scripts: ScriptUse[] };
  bytesPerParticipant: number;
  bytesPerCandidate: number;
  bytesPerDescription: number;
  /** Memory in Redis for each participant that has left, and the part of it for the room of its token. */
  bytesLeftBehind: number;
  bytesOfNotes: number;
  held: HeldPolls;
}

interface HeldPolls {
  polls: number;
  residentBytesPerPoll: number;
  redisBytesPerPoll: number;
  /** In a time in which polls only end and are renewed. */
  renewals: number;
  holdlineCpuMs: number;
  redis: RedisUse;
  /** In the time after that. */
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
