import type { Request, RequestHandler, Response } from 'express';
import { NO_CREDENTIAL, type Credential } from '../../signalling/credential.ts';
import { isUnavailable, SignallingError } from '../../signalling/errors.ts';
import type { ParticipantId, RoomId } from '../../signalling/ids.ts';
import { authenticate, authorize, chargeFailure, presentOf } from './authenticate.ts';
import type { Call, Handler, Subject } from './call.ts';
import type { AppContext } from '../context.ts';
import type { HeaderList } from '../response/headers.ts';
import type { Operation, OperationId } from '../operations/index.ts';
import { parseBody, parseTarget } from './parse.ts';
import { isInternal, problemReply } from '../response/problem.ts';
import { HungUp } from './read-body.ts';
import { write, type Reply } from '../response/reply.ts';
import { requestIdOf } from './head.ts';
import { shuttingDown } from '../response/request-problem.ts';

const UNBUFFERED: HeaderList = ['X-Accel-Buffering', 'no'];

/** Makes one row of the table and its handler into a route. The checks run in the order of the contract. */
export function route<Id extends OperationId>(
  id: Id,
  operation: Operation,
  handler: Handler<Id>,
  context: AppContext,
  constant: HeaderList,
): RequestHandler {
  const isPoll = operation.success.status !== 204 && operation.success.headers?.includes('X-Accel-Buffering') === true;
  const headers = isPoll ? [...constant, ...UNBUFFERED] : constant;
  return async (req, res) => {
    const startedMs = performance.now();
    const requestId = requestIdOf(req);
    const subject: Subject = { roomId: undefined, participantId: undefined };
    let reply: Reply | undefined;
    try {
      reply = await perform(operation, handler, context, { req, res, subject });
    } catch (error) {
      if (error instanceof HungUp) return;
      logFailure(error, { requestId, method: operation.method, path: operation.path, ...subject }, context);
      const refused = await chargeFailure(error, req, operation, context);
      countSpent(refused, context);
      reply = problemReply(refused, {
        basePath: req.baseUrl,
        requestId,
        authorization: req.headers.authorization,
        inBatch: operation.body?.schema === 'sendMessages',
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

/** An outage of the store gets one log line of its own instead of one per request. */
function logFailure(error: unknown, request: object, { log, signalling }: AppContext): void {
  if (!isInternal(error)) return;
  const fields = { err: error, ...request };
  if (isUnavailable(error)) signalling.logRefusal(fields);
  else log.error(fields, 'request failed');
}

function countSpent(refused: unknown, { observability }: AppContext): void {
  const budget = refused instanceof SignallingError ? refused.details.budget : undefined;
  if (budget !== undefined) observability.rateLimited(budget.name);
}

interface Exchange {
  readonly req: Request;
  readonly res: Response;
  readonly subject: Subject;
}

async function perform<Id extends OperationId>(
  operation: Operation,
  handler: Handler<Id>,
  context: AppContext,
  { req, res, subject }: Exchange,
): Promise<Reply | undefined> {
  const { query } = parseTarget(operation, req.params, req.url, context);
  if (context.isDraining() && isRefusedWhileDraining(operation)) throw shuttingDown();
  const path = {
    roomId: (req.params.roomId ?? '') as RoomId,
    participantId: (req.params.participantId ?? '') as ParticipantId,
  };
  const { roomId } = path;
  subject.roomId = roomId || undefined;
  subject.participantId = path.participantId || undefined;
  const credential =
    operation.security === 'public' ? NO_CREDENTIAL : await authenticate(req, roomId, operation, context);
  subject.participantId ??= participantOf(credential, roomId);
  const caller = authorize(operation.security, credential, path, context);
  const present = caller ?? presentOf(credential);
  try {
    const parsed = parseBody(operation, req, context, caller);
    const isLate = parsed instanceof Promise;
    const { body, bodyText, idempotency } = isLate ? await parsed : parsed;
    // While a slow body was on its way, the token may have been replaced.
    if (isLate && caller !== undefined)
      authorize(operation.security, await authenticate(req, roomId, operation, context), path, context);
    const call = {
      ...path,
      pathCode: String(req.params.code ?? ''),
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
    // What was parsed is what the row says, and the row is what the types are made from.
    return await handler(call as unknown as Call<Id>, context);
  } finally {
    if (present !== undefined) context.signalling.touch(present);
  }
}

const isRefusedWhileDraining = (operation: Operation): boolean =>
  operation.security !== 'public' && operation.problems.includes('shutting-down');

/** The participant that the credential names in the room, if any. */
function participantOf(credential: Credential, roomId: RoomId): ParticipantId | undefined {
  if (credential.kind === 'access-token') return credential.subject;
  return credential.kind === 'participant' && credential.roomId === roomId ? credential.participantId : undefined;
}
