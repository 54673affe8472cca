import type { z } from 'zod';
import type { ProblemCode, RequestName } from '../../wire/index.ts';

/** Who may call: `self` is the participant of the path, `join` takes any credential or none, `public` looks at none. */
export type Security = 'participant' | 'participant-or-api-key' | 'self-or-api-key' | 'join' | 'api-key' | 'public';

/**
 * Where it is served, `public` when not named. `admin`: on the port of the operators, which is the main one unless `ADMIN_PORT` is
 * set; `admin-only`: on `ADMIN_PORT` or nowhere.
 */
export type Place = 'public' | 'admin' | 'admin-only' | 'everywhere';

export type Tag = 'rooms' | 'messages' | 'operations';

export type PathParameter = 'roomId' | 'participantId' | 'code';
export type QueryName = Extract<RequestName, `${string}Query`>;
export type RequestHeader = 'Idempotency-Key' | 'X-HTTP-Method-Override';
export type SuccessHeader = 'Idempotency-Replayed' | 'X-Accel-Buffering';

/** What a success looks like: exactly one status and one media type per operation. */
export type Success =
  | {
      readonly status: 200 | 201;
      readonly description: string;
      readonly schema: z.ZodType;
      /** `application/json` when not named. */
      readonly mediaType?: string;
      readonly headers?: readonly SuccessHeader[];
      readonly example: unknown;
    }
  | { readonly status: 204; readonly description: string };

/** One row of the table from which the routes and the description of the interface are made. */
export type Operation = {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** With parameters in braces: `/v1/rooms/{roomId}`. */
  readonly path: string;
  readonly tag: Tag;
  readonly summary: string;
  /** Markdown. */
  readonly description: string;
  readonly security: Security;
  readonly place?: Place;
  readonly query?: QueryName;
  /** Of a page: people open it by links to which others have added parameters of their own. */
  readonly anyQuery?: true;
  readonly body?: {
    readonly schema: RequestName;
    readonly required: boolean;
    readonly example: unknown;
    /** Larger bodies get 413 before parsing; `message` and `batch` follow `MAX_MESSAGE_BYTES`. */
    readonly maxBytes: number | 'message' | 'batch';
  };
  readonly headers?: readonly RequestHeader[];
  /** Additional descriptions of headers, for this operation only. Markdown. */
  readonly headerNotes?: Partial<Record<RequestHeader, string>>;
  readonly success: Success;
  /** Every code that the operation can answer. */
  readonly problems: readonly ProblemCode[];
};

/** Bodies without messages are small. Parsing a large one of an anonymous client takes CPU time from all others. */
export const MAX_JOIN_BYTES = 16_384;
export const MAX_FEW_FIELDS_BYTES = 4_096;

/** Any operation can meet these. */
export const ALWAYS = ['invalid-request', 'internal'] as const satisfies readonly ProblemCode[];

/** Of an operation that reads or writes the store on behalf of somebody. */
export const WITH_CREDENTIAL = [
  ...ALWAYS,
  'unauthenticated',
  'forbidden',
  'participant-gone',
  'rate-limited',
  'storage-unavailable',
] as const satisfies readonly ProblemCode[];

export const WITH_BODY = [
  'invalid-json',
  'too-large',
  'unsupported-media-type',
] as const satisfies readonly ProblemCode[];
