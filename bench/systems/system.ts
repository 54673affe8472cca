import type { HttpClient } from '../load/http-client.ts';
import type { Incoming, Outgoing } from '../load/message.ts';

/** One client of a system under test. */
export interface Participant {
  readonly id: string;
  /** Resolves when the server has accepted the message. */
  send(to: string, message: Outgoing): Promise<void>;
  /** One poll: what it brought, or `over` once this participant has left. */
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
  /** As the tables call it. */
  readonly title: string;
  /** What its answer to a send promises about the message. */
  readonly keeps: 'in memory' | 'survives a killed process' | 'survives power loss';
  readonly version: () => string;
  /** Why it cannot run on this machine, or `undefined`. */
  readonly missing: () => string | undefined;
  readonly serve: (port: number, directory: string) => ServerCommand;
  readonly join: (http: HttpClient, room: string) => Promise<Participant>;
  /**
   * Leaves two participants behind that do not poll, with `count` messages stored in the mailbox of each.
   * Absent where nothing is stored for those who do not listen.
   */
  readonly stock?: (http: HttpClient, room: string, count: number, lifetimeSeconds: () => number) => Promise<void>;
  /** How long those who do not poll stay, with what is stored for them; absent where nothing ever expires. */
  readonly stockLastsMs?: number;
}
