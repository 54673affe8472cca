import type { Batch } from '../wire/index.ts';
import type { Runtime } from './runtime.ts';
import type { StorageLike } from './storage.ts';

/** How the mailbox is read at the moment: by polls, or through a WebSocket. */
export type TransportName = 'poll' | 'socket';

/** The mailbox is read in another way from now on. Nothing is lost or repeated by that. */
export interface TransportChange {
  readonly transport: TransportName;
  /**
   * Why. `proven`: the socket has carried messages in both directions. Back to polls: `closed`: the socket closed, or
   * what came through it could not be read; `silent`: nothing came for too long; a code of the server, such as
   * `shutting-down`, when it ended the reading; `online`, `wake`, `hidden`, `rejoined`: the network or the page
   * changed, or the participant joined again, so the client closed the socket itself.
   */
  readonly reason: 'proven' | 'closed' | 'silent' | TransportStop | (string & {});
}

/** Why the client closes a transport itself. */
export type TransportStop = 'online' | 'wake' | 'hidden' | 'rejoined' | 'ended';

/** Makes a transport that reads one mailbox in place of its polls: `socket()` of `holdline/client/socket`. */
export type TransportFactory = (host: TransportHost) => Transport;

/**
 * A way to read the mailbox that has to prove itself while the client polls. It reads by `hold`, one or more `receive`,
 * and `poll` at the end.
 */
export interface Transport {
  /** It may connect from now on. No effect when it may already. */
  start(): void;
  /** It closes at once, without a call of the host, and does not connect before the next `start`. */
  stop(why: TransportStop): void;
}

/** What a transport may use of its mailbox. */
export interface TransportHost {
  readonly context: Pick<Runtime, 'now' | 'after' | 'random'> & {
    readonly options: { readonly baseUrl?: string; readonly storage?: StorageLike };
    /** The room's URL: relative when `baseUrl` is. */
    readonly http: { readonly roomUrl: string };
  };
  readonly session: {
    readonly joined: { readonly token: string };
    /** The mailbox's state. */
    readonly state: string;
    /** Every message up to it was handled. */
    readonly cursor: string | undefined;
  };
  /** The transport is about to read: no further poll begins. One in flight goes on until the first batch. */
  hold(): void;
  /**
   * Queues a batch.
   * @param after the position at which it begins: the cursor of the batch before it
   * @returns a promise that resolves when it is handled, and rejects when it is malformed
   */
  receive(batch: Batch, after: string | undefined): Promise<unknown>;
  /** The transport no longer reads: the client polls at once. */
  poll(reason: TransportChange['reason']): void;
}
