import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { ROOM_ID_PATTERN } from '../../wire/index.ts';
import type { Operation } from '../operations/index.ts';

/** @returns whether it took the request; if not, it is for Express */
export type FastPath = (req: IncomingMessage, res: ServerResponse) => boolean;

export interface FastPathRoute {
  readonly operation: Pick<Operation, 'method' | 'path'>;
  readonly handler: RequestHandler;
}

const ID = ROOM_ID_PATTERN.source.slice(1, -1);
/** A path below a room, spelled as in the table of operations, with ids that need no decoding. */
const ROOM_PATH = new RegExp(`^/v1/rooms/(${ID})/(messages(?:/[a-z]+)?|participants)(?:/(${ID}))?(?:\\?[^#]*)?$`);

/**
 * perf: about 5 % of the CPU time per message. Passes plain requests for these routes directly to the handlers that
 * Express would choose. It recognises exact paths only; any other path, even one with a trailing slash, goes to
 * Express.
 *
 * This file, `express-prototypes.ts` and the wrapper in `app.ts` exist for speed alone, and this folder contains no
 * rules. Without them, `server.ts` with `(req, res) => app(req, res)` serves the same responses;
 * `test/http/fast-path.test.ts` compares both.
 */
export function createFastPath(routes: readonly FastPathRoute[], onError: ErrorRequestHandler): FastPath {
  const handlers = new Map(routes.map(({ operation, handler }) => [keyOf(operation), handler]));
  return (request, response) => {
    if (request.headers['x-http-method-override'] !== undefined) return false;
    const [, roomId, resource = '', participantId] = ROOM_PATH.exec(request.url ?? '') ?? [];
    if (roomId === undefined) return false;
    const below = participantId === undefined ? '' : '/{participantId}';
    const handler = handlers.get(`${request.method ?? ''} ${resource}${below}`);
    if (handler === undefined) return false;
    // The server creates both objects with Express's prototypes.
    const [req, res] = [request as Request, response as Response];
    req.params = participantId === undefined ? { roomId } : { roomId, participantId };
    req.baseUrl = '';
    handler(req, res, (error: unknown) => void onError(error, req, res, ignore));
    return true;
  };
}

const PREFIX = '/v1/rooms/{roomId}/';

const keyOf = ({ method, path }: FastPathRoute['operation']): string =>
  `${method} ${path.startsWith(PREFIX) ? path.slice(PREFIX.length) : path}`;

const ignore = (): void => undefined;
