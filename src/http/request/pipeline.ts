import type { Request, RequestHandler, Response } from 'express';
import { NO_CREDENTIAL, type Credential } from '../../signalling/credentials.ts';
import { isUnavailable, SignallingError } from '../../signalling/errors.ts';
import type { ParticipantId, RoomId } from '../../signalling/ids.ts';
import type { AppContext } from '../context.ts';
import type { Operation, OperationId } from '../operations/index.ts';
import type { HeaderList } from '../response/headers.ts';
import { isInternal, problemReply } from '../response/problem.ts';
import { write, type Reply } from '../response/reply.ts';
import { shuttingDown } from '../response/request-problem.ts';
import { authenticate, authorize, chargeFailure, presentOf } from './authenticate.ts';
import type { AnyHandler, Subject } from './call.ts';
import { requestIdOf } from './head.ts';
import { parseBody } from './parse-body.ts';
import { parsePath, parseQuery } from './parse-target.ts';
import { HungUp } from './read-body.ts';

/** A row of the table of operations and its handler. */
export interface Implementation {
  readonly id: OperationId;
  readonly operation: Operation;
  readonly handler: AnyHandler;
}

/** Creates the route of a row and its handler. The checks run in the order of the contract. */
export function route(implementation: Implementation, context: AppContext, constant: HeaderList): RequestHandler {
  const { id, operation } = implementation;
  const headers = operation.isPoll === true ? [...constant, 'X-Accel-Buffering', 'no'] : constant;
  return async (req, res) => {
    const startedMs = performance.now();
    const requestId = requestIdOf(req);
    const subject: Subject = { roomId: undefined, participantId: undefined };
    let reply: Reply | undefined;
    try {
      reply = await perform(implementation, context, { req, res, subject });
    } catch (error) {
      if (error instanceof HungUp) return;
      logFailure(error, { requestId, method: operation.method, path: operation.path, ...subject }, context);
      const refused = await chargeFailure(error, { req, operation, roomId: subject.roomId }, context);
      countRateLimit(refused, context);
      reply = problemReply(refused, {
        basePath: req.baseUrl,
        requestId,
        authorization: req.headers.authorization,
        inBatch: operation.body?.relays === 'messages',
      });
    }
    if (reply === undefined || res.destroyed) return;
    if (context.isDraining()) res.shouldKeepAlive = false;
    write(res, headers, requestId, reply);
    const elapsedMs = performance.now() - startedMs;
    context.observability.answered(id, reply.status, reply.code, elapsedMs);
    const { roomId, participantId } = subject;
    const { status, code } = reply;
    context.log.debug({ requestId, operation: id, roomId, participantId, status, code, elapsedMs }, 'answered');
  };
}

/** Logs an internal error. A store outage gets one log line of its own instead of one per request. */
function logFailure(error: unknown, request: object, { log, signalling }: AppContext): void {
  if (!isInternal(error)) return;
  const fields = { err: error, ...request };
  if (isUnavailable(error)) signalling.logRefusal(fields);
  else log.error(fields, 'request failed');
}

function countRateLimit(refused: unknown, { observability }: AppContext): void {
  const limit = refused instanceof SignallingError ? refused.details.limit : undefined;
  if (limit !== undefined) observability.rateLimited(limit.name);
}

interface Exchange {
  readonly req: Request;
  readonly res: Response;
  readonly subject: Subject;
}

async function perform(
  { operation, handler }: Implementation,
  context: AppContext,
  { req, res, subject }: Exchange,
): Promise<Reply | undefined> {
  const { path, faults } = parsePath(req.params);
  subject.roomId = path.roomId;
  subject.participantId = path.participantId;
  const query = parseQuery(operation, req.url, faults, context);
  if (operation.refusedWhileDraining === true && context.isDraining()) throw shuttingDown();
  const identify = (): Promise<Credential> => authenticate(req, operation, path.roomId, context);
  const credential = operation.security === 'public' ? NO_CREDENTIAL : await identify();
  subject.participantId ??= participantOf(credential, path.roomId);
  const caller = authorize(operation.security, credential, path, context);
  const present = caller ?? presentOf(credential);
  try {
    const parsed = parseBody(operation, req, context, caller);
    const isLate = parsed instanceof Promise;
    const { body, bodyText, idempotency } = isLate ? await parsed : parsed;
    // The token may have been replaced while a slow body was arriving.
    if (isLate && caller !== undefined) authorize(operation.security, await identify(), path, context);
    const call = {
      ...path,
      caller,
      credential,
      query,
      body,
      bodyText,
      idempotency,
      req,
      subject,
      basePath: req.baseUrl,
      onHangUp: (listener: () => void) => (res.closed ? listener() : void res.once('close', listener)),
    };
    return await handler(call, context);
  } finally {
    if (present !== undefined) context.signalling.touch(present);
  }
}

/** The participant that the credential names in the room, if any. */
function participantOf(credential: Credential, roomId: RoomId | undefined): ParticipantId | undefined {
  if (credential.kind === 'access-token') return credential.subject;
  return credential.kind === 'participant' && credential.roomId === roomId ? credential.participantId : undefined;
}
