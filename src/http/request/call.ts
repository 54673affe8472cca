import type { Request } from 'express';
import type { z } from 'zod';
import type { Credential } from '../../signalling/credential.ts';
import type { ParticipantId, RoomId } from '../../signalling/ids.ts';
import type { Idempotency } from '../../signalling/join.ts';
import type { Mailbox } from '../../signalling/message.ts';
import type { RequestSchemas } from '../../wire/index.ts';
import type { AppContext } from '../context.ts';
import type { OPERATIONS, OperationId } from '../operations/index.ts';
import type { Reply } from '../response/reply.ts';

type Row<Id extends OperationId> = (typeof OPERATIONS)[Id];
type Parsed<Name> = Name extends keyof RequestSchemas ? z.output<RequestSchemas[Name]> : undefined;
type BodyOf<Id extends OperationId> = Row<Id> extends { body: { schema: infer Name } } ? Parsed<Name> : undefined;
type QueryOf<Id extends OperationId> = Row<Id> extends { query: infer Name } ? Parsed<Name> : undefined;
type SecurityOf<Id extends OperationId> = Row<Id>['security'];
type CallerOf<Id extends OperationId> =
  SecurityOf<Id> extends 'participant'
    ? Mailbox
    : SecurityOf<Id> extends 'self-or-api-key'
      ? Mailbox | undefined
      : undefined;

/** Room and participant of a request, for its log line; filled in as the checks establish them. */
export interface Subject {
  roomId: RoomId | undefined;
  participantId: ParticipantId | undefined;
}

/** One request that passed all checks that its row of the table asks for. */
export interface Call<Id extends OperationId> {
  /** Checked; empty for operations without it in their path. */
  readonly roomId: RoomId;
  readonly participantId: ParticipantId;
  readonly pathCode: string;
  /** The participant that the credential proved to be; with `self-or-api-key`, `undefined` for API keys and dead tokens. */
  readonly caller: CallerOf<Id>;
  /** For operations that judge it themselves. */
  readonly credential: Credential;
  readonly query: QueryOf<Id>;
  readonly body: BodyOf<Id>;
  /** The JSON that `body` was made from. */
  readonly bodyText: string;
  readonly idempotency: Idempotency | undefined;
  readonly req: Request;
  readonly subject: Subject;
  readonly basePath: string;
  /** Calls the listener once the client is no longer there to be answered. */
  readonly onHangUp: (listener: () => void) => void;
}

/** `undefined`: the client hung up, there is nobody to answer. */
export type Handler<Id extends OperationId> = (
  call: Call<Id>,
  context: AppContext,
) => Promise<Reply | undefined> | Reply;

export type Handlers = { readonly [Id in OperationId]: Handler<Id> };
