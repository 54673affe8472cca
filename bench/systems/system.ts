import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { HttpClient } from '../load/http-client.ts';
import type { Incoming, Outgoing } from '../load/message.ts';

/** One client of a system under test. */
export interface Participant {
  readonly id: string;
  /** Resolves when the server has accepted the message. */
  send(to: string, message: Outgoing): Promise<void>;
  /** One poll, or what a WebSocket has brought: messages, or `over` once this participant has left. */
  receive(): Promise<readonly Incoming[] | 'over'>;
  leave(): Promise<void>;
}

/** How to start a server: it must listen on 127.0.0.1, on the given port, and keep its files in the given directory. */
export interface ServerCommand {
  command: readonly string[];
  env?: Record<string, string>;
}

/** A system under test. */
export interface System {
  readonly name: string;
  /** Its name in the tables. */
  readonly title: string;
  /** How its participants read. */
  readonly transport: 'polls' | 'WebSocket';
  /** The failure that an accepted message survives. */
  readonly keeps: 'in memory' | 'survives a killed process' | 'survives power loss';
  readonly version: () => string;
  /** The reason why it cannot run on this machine, or `undefined`. */
  readonly missing: () => string | undefined;
  readonly serve: (port: number, directory: string) => ServerCommand;
  readonly join: (http: HttpClient, room: string) => Promise<Participant>;
  /** Joins with the batching and the requests of the system's own client; absent if those are the ones of `join`. */
  readonly joinAsOwnClient?: (http: HttpClient, room: string) => Promise<Participant>;
  /**
   * Creates two participants that do not poll, with `count` messages stored in the mailbox of each.
   * Absent if the system stores nothing for participants that do not listen.
   */
  readonly stock?: (http: HttpClient, room: string, count: number, lifetimeSeconds: () => number) => Promise<void>;
  /** How long participants that do not poll, and the messages stored for them, stay. Absent if nothing expires. */
  readonly stockLastsMs?: number;
}

/** A server script of the bench, run by the same Node. */
export function serverScript(name: 'floor' | 'express', port: number, env: Record<string, string> = {}): ServerCommand {
  return script([`${name}.ts`], port, env);
}

/** The relay of a peer. */
export const peerRelay = (name: string, port: number): ServerCommand => script(['peers.ts', name], port);

function script(
  [file = '', ...args]: readonly string[],
  port: number,
  env: Record<string, string> = {},
): ServerCommand {
  const path = fileURLToPath(new URL(`../servers/${file}`, import.meta.url));
  return { command: [process.execPath, path, ...args], env: { NODE_ENV: 'production', PORT: String(port), ...env } };
}

/** The installed version of a package of the bench. */
export function packageVersion(name: string): string {
  const file = packageFile(name);
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  return `${name} ${version}`;
}

export function packageMissing(name: string): string | undefined {
  return existsSync(packageFile(name)) ? undefined : `${name} is not installed: npm ci --prefix bench`;
}

function packageFile(name: string): URL {
  return new URL(`../node_modules/${name}/package.json`, import.meta.url);
}
