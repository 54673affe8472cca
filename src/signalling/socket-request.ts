import type { Fault, ProblemCode } from '../wire/index.ts';
import type { Awaitable } from './deferred.ts';
import type { RoomId } from './ids.ts';
import type { Mailbox } from './message.ts';

/** A problem document as JSON text. */
export interface RenderedProblem {
  readonly code: ProblemCode;
  readonly json: string;
  /** Why a participant is gone. */
  readonly reason: string | undefined;
}

/** The request that was upgraded, and how HTTP judges and answers in its name. */
export interface SocketRequest {
  readonly roomId: RoomId;
  readonly clientAddress: string;
  /** Set when `Authorization` came with the upgrade. */
  readonly bearer: { readonly token: string; readonly mailbox: Mailbox } | undefined;
  /** @throws SignallingError as a poll of the room with this token would */
  judge(token: string): Awaitable<Mailbox>;
  /** Charges a refused frame of a stranger to its client address. @returns the error to report */
  charge(error: unknown): Promise<unknown>;
  /** Logs an unexpected error, too. */
  problem(error: unknown): RenderedProblem;
  invalidFrame(faults: readonly Fault[]): unknown;
  shuttingDown(): unknown;
}
