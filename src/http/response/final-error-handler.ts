import type { ErrorRequestHandler, Request, Response } from 'express';
import type { AppContext } from '../context.ts';
import type { HeaderList } from './headers.ts';
import { isInternal, problemReply } from './problem.ts';
import { write } from './reply.ts';
import { requestIdOf } from '../request/head.ts';
import { undecodablePath } from './request-problem.ts';

/** Answers requests that fail outside a route: unknown paths and methods, undecodable URLs, unexpected errors. */
export function finalErrorHandler(context: AppContext, constant: HeaderList): ErrorRequestHandler {
  return (error: unknown, req: Request, res: Response, _next: unknown) => {
    const requestId = requestIdOf(req);
    const known = error instanceof URIError ? undecodablePath() : error;
    if (isInternal(known)) context.log.error({ err: known, requestId }, 'request failed');
    if (res.headersSent) return void res.destroy();
    if (context.isDraining()) res.shouldKeepAlive = false;
    const reply = problemReply(known, { basePath: req.baseUrl, requestId });
    write(res, constant, requestId, reply);
    context.observability.answered('none', reply.status, reply.code, 0);
    context.log.debug({ requestId, operation: 'none', status: reply.status, code: reply.code }, 'answered');
  };
}
