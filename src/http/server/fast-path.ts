import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { ROOM_ID_PATTERN } from '../../wire/index.ts';
import type { Operation } from '../operations/index.ts';

/** @returns whether it took the request; if not, it is for Express */
export type FastPath = (req: IncomingMessage, res: ServerResponse) => boolean;

interface FastPathRoute {
  readonly operation: Pick<Operation, 'method' | 'path'>;
  readonly handler: RequestHandler;
}

/** Below a room, spelt as the description spells it, with ids that need no decoding. Everything else is for Express to judge. */
const ID = ROOM_ID_PATTERN.source.slice(1, -1);
const ROOM_PATH = new RegExp(`^/v1/rooms/(${ID})/(messages(?:/[a-z]+)?|participants)(?:/(${ID}))?(?:\\?[^#]*)?$`);

/**
 * Hands plain requests for these routes to the handlers that Express would choose, without its layers, which take some 5 % of the
 * CPU time per message. It only recognises: what it does not know, down to a trailing slash, Express answers.
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
    // The server makes them with Express's prototypes.
    const [req, res] = [request as Request, response as Response];
    req.params = participantId === undefined ? { roomId } : { roomId, participantId };
    req.baseUrl = '';
    const onRejected = (error: unknown): void => void onError(error, req, res, ignore);
    Promise.resolve(handler(req, res, ignore)).catch(onRejected);
    return true;
  };
}

const PREFIX = '/v1/rooms/{roomId}/';

const keyOf = ({ method, path }: FastPathRoute['operation']): string =>
  `${method} ${path.startsWith(PREFIX) ? path.slice(PREFIX.length) : path}`;

const ignore = (): void => undefined;
