import { ErrorReply } from '@redis/client';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { SignallingError } from '../../signalling/errors.ts';
import { storeFull } from '../refusals.ts';
import { StoreError } from '../store-error.ts';
import { Confirmations } from './confirmations.ts';
import { Deadlines } from './deadlines.ts';
import { KeptOpen } from './kept-open.ts';
import { readLocation, type RedisLocation } from './location.ts';
import { Outages } from './outages.ts';
import type { Script } from './scripts.ts';
import { addressOf, openServer, type Server } from './server.ts';

/** What a script got wrong is a bug of ours; every other reply of that kind says that Redis cannot do it now. */
const BUG = /^(ERR(?! WAIT)|WRONGTYPE|NOPERM|NOAUTH|WRONGPASS|CROSSSLOT)\b/;

/** It was the primary when the connection was made: another of the hosts may be now. */
const DEMOTED = /^(READONLY|MASTERDOWN|ERR WAIT cannot be used)\b/;

/** At its `maxmemory` Redis refuses commands that need memory; all others work. */
const FULL = /^OOM\b/;

/** So often at most a cluster is asked anew who its nodes are. */
const CLUSTER_PATIENCE_MS = 10_000;

/** Of the event loop: what follows from an answer has been asked by then. */
const QUIET_TURNS = 3;

interface Run {
  readonly script: Script;
  readonly keys: readonly string[];
  readonly args: readonly string[];
  /** Whether the replicas of the settings must have it, too. */
  readonly confirmed?: boolean;
}

interface NodeInfo {
  /** Host and port. */
  readonly at: string;
  readonly text: string;
}

/** Runs scripts on the Redis of the settings. Lost connections are opened again; nothing waits for that. */
export class Connection {
  readonly location: RedisLocation;
  readonly outages = new Outages();
  readonly #server: KeptOpen<Server>;
  /** `WAIT` holds up its connection: what waits for replicas has one of its own. */
  readonly #confirming: KeptOpen<Server> | undefined;
  readonly #deadlines: Deadlines;
  readonly #confirmations: Confirmations;
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #listeners: (() => void)[] = [];
  #hosts: RedisLocation['hosts'];
  #lostAt = -Infinity;

  private constructor(
    location: RedisLocation,
    server: KeptOpen<Server>,
    confirming: KeptOpen<Server> | undefined,
    deadlines: Deadlines,
  ) {
    this.#confirming = confirming;
    this.location = location;
    this.#hosts = location.hosts;
    this.#server = server;
    this.#deadlines = deadlines;
    this.#confirmations = new Confirmations(location.replicas);
  }

  /** @throws StoreError */
  static async open(url: string): Promise<Connection> {
    const location = readLocation(url);
    let connection: Connection | undefined;
    const keepOpen = (onReopened: () => void): Promise<KeptOpen<Server>> =>
      KeptOpen.open<Server>({
        open: (onLost) => openServer(location, connection?.hosts ?? location.hosts, onLost),
        onReopened,
      });
    try {
      const server = await keepOpen(() => connection?.reopened());
      const confirming = location.replicas === 0 ? undefined : await keepOpen(() => undefined);
      connection = new Connection(location, server, confirming, new Deadlines(() => connection?.late()));
      return connection;
    } catch (error) {
      if (error instanceof StoreError) throw error;
      const hosts = location.hosts.map(addressOf).join(', ');
      throw new StoreError(
        `Redis at ${hosts} cannot be used: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  /** The hosts of the settings first, then whatever else the cluster had. */
  get hosts(): RedisLocation['hosts'] {
    const known = this.#server.current?.hosts() ?? [];
    if (known.length > 0) this.#hosts = [...this.location.hosts, ...known];
    return this.#hosts;
  }

  /** An answer is late: nobody knows whether that connection still lives. Of a cluster the others are not disturbed. */
  late(): void {
    const nowMs = performance.now();
    if (this.#server.current?.isCluster === true) {
      if (nowMs - this.#lostAt < CLUSTER_PATIENCE_MS) return;
      this.#lostAt = nowMs;
      for (const server of [this.#server, this.#confirming]) server?.replace().catch(() => undefined);
      return;
    }
    this.#server.lose();
    this.#confirming?.lose();
  }

  /** Called whenever the connection was lost and is there again: what Redis was told of waiting polls may be lost. */
  onBack(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** @throws SignallingError `storage-unavailable` */
  run(run: Run): Promise<unknown> {
    const answer = this.#run(run);
    this.#underWay.add(answer);
    const settled = (): void => void this.#underWay.delete(answer);
    answer.then(settled, settled);
    return answer;
  }

  /** Of every node that takes writes. */
  async info(section: string): Promise<readonly NodeInfo[]> {
    return Promise.all(this.#askWriters(section));
  }

  /** Of every node that takes writes and responds now. */
  async infoOfReachable(section: string): Promise<readonly NodeInfo[]> {
    const answers = await Promise.allSettled(this.#askWriters(section));
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  }

  /** Resolves once no script is under way, nor one that follows from the answer to another. */
  async drain(): Promise<void> {
    for (let quietTurns = 0; quietTurns < QUIET_TURNS; quietTurns += 1) {
      if (this.#underWay.size > 0) quietTurns = 0;
      await Promise.allSettled([...this.#underWay]);
      await nextTurn();
    }
  }

  /** Whatever is under way is refused. */
  close(): void {
    this.#server.close();
    this.#confirming?.close();
    this.#deadlines.stop();
  }

  #askWriters(section: string): Promise<NodeInfo>[] {
    return this.#currentOf(this.#server)
      .writers()
      .map(async ({ at, client }) => ({ at, text: await this.#watched(client.then((node) => node.info(section))) }));
  }

  async #run({ script, keys, args, confirmed = false }: Run): Promise<unknown> {
    const confirming = confirmed ? this.#confirming : undefined;
    const server = this.#currentOf(confirming ?? this.#server);
    const reply = await this.#watched(this.#evaluate(server, script, keys, args));
    if (confirming !== undefined) await this.#watched(this.#confirmations.of(server, keys[0] ?? ''));
    return reply;
  }

  async #evaluate(server: Server, script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    try {
      return await server.evalSha(script, keys, args);
    } catch (error) {
      // A server that was restarted, or a replica that took over, has not seen it yet.
      if (error instanceof ErrorReply && error.message.startsWith('NOSCRIPT')) return server.eval(script, keys, args);
      throw error;
    }
  }

  async #watched<T>(answer: Promise<T>): Promise<T> {
    try {
      return await this.#deadlines.watch(answer);
    } catch (error) {
      throw this.#refusal(error);
    }
  }

  #refusal(error: unknown): SignallingError | ErrorReply {
    if (error instanceof ErrorReply && DEMOTED.test(error.message)) {
      this.#server.lose();
      this.#confirming?.lose();
    }
    if (error instanceof SignallingError) return error;
    if (error instanceof ErrorReply && BUG.test(error.message)) return error;
    if (error instanceof ErrorReply && FULL.test(error.message)) return storeFull();
    return this.outages.add(error);
  }

  #currentOf({ current }: KeptOpen<Server>): Server {
    if (current !== undefined) return current;
    throw this.outages.add(
      new Error(`there is no connection to Redis at ${this.location.hosts.map(addressOf).join(', ')}`),
    );
  }

  /** What works again is told to those who asked. */
  reopened(): void {
    for (const listener of this.#listeners) listener();
  }
}
