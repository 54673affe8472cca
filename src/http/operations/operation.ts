import type { z } from 'zod';
import type { ProblemCode, QueryName, RequestName } from '../../wire/index.ts';

/**
 * One row of the table of operations. The columns up to `body` are what the code acts on; the routes, the checks and
 * the headers, parameters and problem codes of the OpenAPI document follow from them. The columns after it only serve
 * that document.
 */
export type Operation = Behaviour & Documentation;

export type Behaviour = {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Path with parameters in braces, such as `/v1/rooms/{roomId}`. */
  readonly path: string;
  readonly audience: Audience | readonly Audience[];
  readonly security: Security;
  /** The server may hold the request, so the response asks proxies not to buffer it. */
  readonly isPoll?: true;
  /** A WebSocket, which the OpenAPI document describes in words only. Not served with `SOCKET=off`. */
  readonly isSocket?: true;
  /** Answered with 503 `shutting-down` as soon as the server begins to stop. */
  readonly refusedWhileDraining?: true;
  /**
   * A token may come from a cache that is up to a minute old. Only for operations that end in a call of the store which
   * checks the token's mailbox again; any other would accept a replaced token.
   */
  readonly allowCachedToken?: true;
  /** Takes an `Idempotency-Key`. */
  readonly isIdempotent?: true;
  /** Ignores unknown query parameters, because other services add parameters to links to pages. */
  readonly ignoresQuery?: true;
  readonly query?: QueryName;
  readonly body?: Body;
};

/**
 * The port that serves an operation. `operators`: `ADMIN_PORT` if it is set, otherwise the main port. `admin-port`:
 * only `ADMIN_PORT`.
 */
export type Audience = 'public' | 'operators' | 'admin-port';

/**
 * Accepted callers. `self`: the participant in the path. `join`: any credential or none. `public` ignores credentials.
 * `participant-or-hello`: without a credential, the first frame brings it.
 */
export type Security =
  'participant' | 'participant-or-hello' | 'participant-or-api-key' | 'self-or-api-key' | 'join' | 'api-key' | 'public';

export type Body = {
  readonly schema: RequestName;
  /** False: an absent body counts as `{}`. */
  readonly required: boolean;
  /** Larger bodies get 413 before parsing; `message` and `batch` follow `MAX_MESSAGE_BYTES`. */
  readonly maxBytes: number | 'message' | 'batch';
  /**
   * The part of the body that other participants receive exactly as sent: the payload of a single message, the payloads
   * of `messages`, or `metadata`. Its JSON text is checked as well. Faults of one message of `messages` point to its
   * index.
   */
  readonly relays?: 'message' | 'messages' | 'metadata';
  readonly example: unknown;
};

type Documentation = {
  readonly tag: Tag;
  readonly summary: string;
  /** Markdown. */
  readonly description: string;
  /** Addition to the description of `Idempotency-Key` for this operation. Markdown. */
  readonly idempotencyNote?: string;
  readonly success: Success;
  /** Codes that the operation can return beyond those that its behaviour implies: see `problemsOf`. */
  readonly problems?: readonly ProblemCode[];
};

export type Tag = 'rooms' | 'messages' | 'operations';

/** A successful response: exactly one status and one media type per operation. */
export type Success =
  | {
      readonly status: 200 | 201;
      readonly description: string;
      readonly schema: z.ZodType;
      /** `application/json` when omitted. */
      readonly mediaType?: string;
      readonly example: unknown;
    }
  | { readonly status: 101; readonly description: string }
  | { readonly status: 204; readonly description: string };

/**
 * Bodies without messages are small. Parsing a large body from an anonymous client would take CPU time from all others.
 */
export const MAX_JOIN_BYTES = 16_384;
export const MAX_FEW_FIELDS_BYTES = 4_096;

const WITH_BODY = ['invalid-json', 'too-large', 'unsupported-media-type'] as const;
const WITH_CREDENTIAL = ['unauthenticated', 'forbidden', 'rate-limited', 'storage-unavailable'] as const;

/** Lists every code that the operation can return. */
export function problemsOf(operation: Operation): readonly ProblemCode[] {
  const { security, body, refusedWhileDraining, isIdempotent, problems = [] } = operation;
  return [
    'invalid-request',
    'internal',
    ...(security === 'public' ? [] : WITH_CREDENTIAL),
    ...(security === 'public' || security === 'api-key' ? [] : (['participant-gone'] as const)),
    ...(body === undefined ? [] : WITH_BODY),
    ...(refusedWhileDraining === true ? (['shutting-down'] as const) : []),
    ...(isIdempotent === true ? (['idempotency-key-reused'] as const) : []),
    ...problems,
  ];
}
