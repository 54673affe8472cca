import type { ErrorRequestHandler, Request, Response } from 'express';
import type { Edge } from '../context.ts';
import type { HeaderList } from './headers.ts';
import { isInternal, problemReply } from './problem.ts';
import { write } from './reply.ts';
import { requestIdOf } from '../request/request-id.ts';
import { invalidRequest } from './request-problem.ts';

/** What fails outside a route: unknown paths and methods, undecodable URLs, faults of ours. */
export function lastResort(edge: Edge, constant: HeaderList): ErrorRequestHandler {
  return (error: unknown, req: Request, res: Response, _next: unknown) => {
    const requestId = requestIdOf(req);
    const known =
      error instanceof URIError ? invalidRequest([{ pointer: '/path', detail: 'cannot be decoded' }]) : error;
    if (isInternal(known)) edge.log.error({ err: known, requestId }, 'request failed');
    if (res.headersSent) return void res.destroy();
    if (edge.isDraining()) res.shouldKeepAlive = false;
    const reply = problemReply(known, { basePath: req.baseUrl, requestId });
    write(res, constant, requestId, reply);
    edge.insight.answered('none', reply.status, reply.code, 0);
    edge.log.debug({ requestId, operation: 'none', status: reply.status, code: reply.code }, 'answered');
  };
}
