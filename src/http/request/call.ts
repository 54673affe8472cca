import type { Request } from 'express';
import type { z } from 'zod';
import type { Credential } from '../../signalling/credentials.ts';
import type { Awaitable } from '../../signalling/deferred.ts';
import type { ParticipantId, RoomId } from '../../signalling/ids.ts';
import type { Idempotency } from '../../signalling/idempotency.ts';
import type { Mailbox } from '../../signalling/message.ts';
import type { RequestSchemas } from '../../wire/index.ts';
import type { AppContext } from '../context.ts';
import type { OPERATIONS, OperationId } from '../operations/index.ts';
import type { Reply } from '../response/reply.ts';

/** Path parameters of a request, checked. */
export interface PathIds {
  readonly roomId: RoomId | undefined;
  readonly participantId: ParticipantId | undefined;
  /** Any text: the operation checks it. */
  readonly code: string | undefined;
}

/** One request that passed all checks that its row of the table asks for. */
export interface ParsedCall extends PathIds {
  /**
   * The authenticated participant. With `self-or-api-key`, `undefined` for API keys and for tokens that outlived their
   * participant.
   */
  readonly caller: Mailbox | undefined;
  /** The credential, for operations that check it themselves. */
  readonly credential: Credential;
  readonly query: unknown;
  readonly body: unknown;
  /** The JSON text that `body` was parsed from. */
  readonly bodyText: string;
  readonly idempotency: Idempotency | undefined;
  readonly req: Request;
  /** The participant that the log line of the request names. */
  subject: ParticipantId | undefined;
  readonly requestId: string;
  /** The path under which the service is mounted; empty at the root. */
  readonly basePath: string;
  /** Calls the listener once the client has disconnected. */
  onHangUp(listener: () => void): void;
}

type Row<Id extends OperationId> = (typeof OPERATIONS)[Id];
type Parsed<Name> = Name extends keyof RequestSchemas ? z.output<RequestSchemas[Name]> : undefined;

/** Types that the columns of the row add to a call. */
type Declared<Id extends OperationId> = PathIdsOf<Row<Id>['path']> & {
  readonly caller: CallerOf<Row<Id>['security']>;
  readonly query: Row<Id> extends { query: infer Name } ? Parsed<Name> : undefined;
  readonly body: Row<Id> extends { body: { schema: infer Name } } ? Parsed<Name> : undefined;
};

type PathIdsOf<Path extends string> = {
  readonly [Name in keyof PathIds]: Path extends `${string}{${Name}}${string}` ? NonNullable<PathIds[Name]> : undefined;
};

type CallerOf<Needed> = Needed extends 'participant'
  ? Mailbox
  : Needed extends 'self-or-api-key' | 'participant-or-hello'
    ? Mailbox | undefined
    : undefined;

/** A request of one operation, with the types that its row declares. */
export type Call<Id extends OperationId> = Omit<ParsedCall, keyof Declared<Id>> & Declared<Id>;

/** Returns `undefined` when the client has disconnected. */
export type Handler<Id extends OperationId> = (call: Call<Id>, context: AppContext) => Awaitable<Reply | undefined>;

export type Handlers = { readonly [Id in OperationId]: Handler<Id> };

/** A handler whose row is not known to the compiler. */
export type AnyHandler = (call: ParsedCall, context: AppContext) => Awaitable<Reply | undefined>;
