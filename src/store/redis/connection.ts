import { ErrorReply } from '@redis/client';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { SignallingError, storeFull } from '../../signalling/errors.ts';
import { StoreError } from '../store-error.ts';
import { CommandTimeouts } from './command-timeouts.ts';
import { readLocation, type Host, type RedisLocation } from './location.ts';
import { Outages } from './outages.ts';
import { addressOf } from './primary.ts';
import { Reconnecting } from './reconnecting.ts';
import { Replication } from './replication.ts';
import type { Script } from './scripts.ts';
import { openServer, type Server } from './server.ts';

/** Errors in a script or in the settings. Every other error reply means that Redis cannot run the command now. */
const BUG = /^(ERR(?! WAIT)|WRONGTYPE|NOPERM|NOAUTH|WRONGPASS|CROSSSLOT)\b/;

/** The server was the primary when the connection was opened, and no longer is. */
const DEMOTED = /^(READONLY|MASTERDOWN|ERR WAIT cannot be used)\b/;

/** At `maxmemory`, Redis refuses commands that need memory and runs all others. */
const FULL = /^OOM\b/;

/** Minimum time between two requests for the nodes of a cluster. */
const REPLACE_CLUSTER_EVERY_MS = 10_000;

/** Event-loop turns after which every command that follows from a reply has been sent. */
const QUIET_TURNS = 3;

interface Run {
  readonly script: Script;
  readonly keys: readonly string[];
  readonly args: readonly string[];
  /** Wait for as many replicas as the settings require. */
  readonly confirmed?: boolean;
}

interface NodeInfo {
  /** Host and port. */
  readonly at: string;
  readonly text: string;
}

/** Runs scripts on the configured Redis. Reopens lost connections; commands do not wait for that and fail meanwhile. */
export class Connection {
  readonly location: RedisLocation;
  readonly outages = new Outages();
  readonly #server: Reconnecting<Server>;
  /** A separate connection for commands that wait for replicas, since `WAIT` blocks its connection. */
  readonly #replicated: Reconnecting<Server> | undefined;
  readonly #replication: Replication;
  readonly #timeouts: CommandTimeouts;
  readonly #inFlight = new Set<Promise<unknown>>();
  readonly #reopenedListeners: (() => void)[] = [];
  #knownHosts: readonly Host[];
  #replacedAt = -Infinity;

  private constructor(location: RedisLocation) {
    this.location = location;
    this.#knownHosts = location.hosts;
    this.#replication = new Replication(location.replicas);
    this.#timeouts = new CommandTimeouts(() => this.#onTimeout());
    const open = (onLost: () => void): Promise<Server> => openServer(location, this.hosts, onLost);
    const onReopened = (): void => this.#reopenedListeners.forEach((listener) => listener());
    this.#server = new Reconnecting({ open, onReopened });
    this.#replicated = location.replicas === 0 ? undefined : new Reconnecting({ open, onReopened: () => undefined });
  }

  /** @throws StoreError */
  static async open(url: string): Promise<Connection> {
    const location = readLocation(url);
    const connection = new Connection(location);
    try {
      await connection.#server.connect();
      await connection.#replicated?.connect();
      return connection;
    } catch (error) {
      connection.close();
      if (error instanceof StoreError) throw error;
      const cause = error instanceof Error ? error.message : String(error);
      throw new StoreError(`Redis at ${location.hosts.map(addressOf).join(', ')} cannot be used: ${cause}`);
    }
  }

  /** The hosts of the settings first, then the other nodes of the cluster. */
  get hosts(): readonly Host[] {
    const known = this.#server.current?.hosts() ?? [];
    if (known.length > 0) this.#knownHosts = [...this.location.hosts, ...known];
    return this.#knownHosts;
  }

  /** Called whenever a lost connection is open again: Redis may have lost its records of held polls. */
  onReopened(listener: () => void): void {
    this.#reopenedListeners.push(listener);
  }

  /** @throws SignallingError `storage-unavailable` */
  run(run: Run): Promise<unknown> {
    const reply = this.#run(run);
    this.#inFlight.add(reply);
    const onEnd = (): void => void this.#inFlight.delete(reply);
    reply.then(onEnd, onEnd);
    return reply;
  }

  /** `INFO` of every node that accepts writes. */
  async info(section: string): Promise<readonly NodeInfo[]> {
    return Promise.all(this.#infos(section));
  }

  /** `INFO` of every node that accepts writes and responds now. */
  async infoOfReachable(section: string): Promise<readonly NodeInfo[]> {
    const infos = await Promise.allSettled(this.#infos(section));
    return infos.flatMap((info) => (info.status === 'fulfilled' ? [info.value] : []));
  }

  /** Resolves once no script is in flight, including scripts that follow from the reply to another script. */
  async drain(): Promise<void> {
    for (let quietTurns = 0; quietTurns < QUIET_TURNS; quietTurns += 1) {
      if (this.#inFlight.size > 0) quietTurns = 0;
      await Promise.allSettled([...this.#inFlight]);
      await nextTurn();
    }
  }

  /** Rejects the commands in flight. */
  close(): void {
    this.#server.close();
    this.#replicated?.close();
    this.#timeouts.stop();
  }

  #infos(section: string): Promise<NodeInfo>[] {
    return this.#currentOf(this.#server)
      .writers()
      .map(async ({ at, client }) => ({ at, text: await this.#guard(client.then((node) => node.info(section))) }));
  }

  async #run({ script, keys, args, confirmed = false }: Run): Promise<unknown> {
    const replicated = confirmed ? this.#replicated : undefined;
    const server = this.#currentOf(replicated ?? this.#server);
    const reply = await this.#guard(evaluate(server, script, keys, args));
    if (replicated !== undefined) await this.#guard(this.#replication.waitForReplicas(server, keys[0] ?? ''));
    return reply;
  }

  async #guard<T>(reply: Promise<T>): Promise<T> {
    try {
      return await this.#timeouts.watch(reply);
    } catch (error) {
      throw this.#refusalOf(error);
    }
  }

  #refusalOf(error: unknown): SignallingError | ErrorReply {
    if (error instanceof SignallingError) return error;
    if (!(error instanceof ErrorReply)) return this.outages.add(error);
    if (DEMOTED.test(error.message)) this.#reconnect();
    if (BUG.test(error.message)) return error;
    return FULL.test(error.message) ? storeFull() : this.outages.add(error);
  }

  #reconnect(): void {
    this.#server.reconnect();
    this.#replicated?.reconnect();
  }

  /**
   * The connection may no longer work. In a cluster, the other nodes keep their connections until the new ones are
   * open.
   */
  #onTimeout(): void {
    if (this.#server.current?.isCluster !== true) {
      this.#reconnect();
      return;
    }
    const nowMs = performance.now();
    if (nowMs - this.#replacedAt < REPLACE_CLUSTER_EVERY_MS) return;
    this.#replacedAt = nowMs;
    for (const server of [this.#server, this.#replicated]) server?.replace().catch(() => undefined);
  }

  #currentOf({ current }: Reconnecting<Server>): Server {
    if (current !== undefined) return current;
    const hosts = this.location.hosts.map(addressOf).join(', ');
    throw this.outages.add(new Error(`there is no connection to Redis at ${hosts}`));
  }
}

async function evaluate(
  server: Server,
  script: Script,
  keys: readonly string[],
  args: readonly string[],
): Promise<unknown> {
  try {
    return await server.evalSha(script, keys, args);
  } catch (error) {
    // A restarted server, or a replica that was promoted, has not loaded the script yet.
    if (error instanceof ErrorReply && error.message.startsWith('NOSCRIPT')) return server.eval(script, keys, args);
    throw error;
  }
}
