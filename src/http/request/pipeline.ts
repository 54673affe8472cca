import type { Request, RequestHandler, Response } from 'express';
import { NO_CREDENTIAL, type Credential } from '../../signalling/credentials.ts';
import { isPromise, whenReady, type Awaitable } from '../../signalling/deferred.ts';
import { isUnavailable, SignallingError } from '../../signalling/errors.ts';
import type { Idempotency } from '../../signalling/idempotency.ts';
import type { ParticipantId, RoomId } from '../../signalling/ids.ts';
import type { Mailbox } from '../../signalling/message.ts';
import type { AppContext } from '../context.ts';
import type { Operation, OperationId } from '../operations/index.ts';
import type { HeaderList } from '../response/headers.ts';
import { isInternal, problemReply } from '../response/problem.ts';
import { switched, write, type Reply } from '../response/reply.ts';
import { shuttingDown } from '../response/request-problem.ts';
import { authenticate, authorize, chargeFailure, presentOf } from './authenticate.ts';
import type { AnyHandler, ParsedCall } from './call.ts';
import { requestIdOf } from './head.ts';
import { parseBody, type ParsedBody } from './parse-body.ts';
import { parsePath, parseQuery } from './parse-target.ts';
import { HungUp } from './read-body.ts';

/** A row of the table of operations and its handler. */
export interface Implementation {
  readonly id: OperationId;
  readonly operation: Operation;
  readonly handler: AnyHandler;
}

/** Creates the route of a row and its handler. */
export function route(implementation: Implementation, context: AppContext, constant: HeaderList): RequestHandler {
  const isPoll = implementation.operation.isPoll === true;
  const headers = isPoll ? [...constant, 'X-Accel-Buffering', 'no'] : constant;
  const row = { ...implementation, context, headers };
  return (req, res, next) => new Exchange(row, req, res, next).start();
}

interface Route extends Implementation {
  readonly context: AppContext;
  readonly headers: HeaderList;
}

/**
 * One request, from its checks in the order of the contract to its response. It runs in one pass: it waits only for a
 * credential or a body that is not here yet, and for the outcome of its operation.
 */
class Exchange implements ParsedCall {
  readonly #route: Route;
  readonly #res: Response;
  readonly #onError: (error: unknown) => void;
  readonly #startedMs = performance.now();
  /** The participant whose idle time this request restarts. */
  #present: Mailbox | undefined;
  readonly requestId: string;
  readonly req: Request;
  readonly basePath: string;
  roomId: RoomId | undefined;
  participantId: ParticipantId | undefined;
  code: string | undefined;
  subject: ParticipantId | undefined;
  credential: Credential = NO_CREDENTIAL;
  caller: Mailbox | undefined;
  query: unknown;
  body: unknown;
  bodyText = '';
  idempotency: Idempotency | undefined;

  constructor(route: Route, req: Request, res: Response, onError: (error: unknown) => void) {
    this.#route = route;
    this.req = req;
    this.#res = res;
    this.#onError = onError;
    this.requestId = requestIdOf(req);
    this.basePath = req.baseUrl;
  }

  onHangUp(listener: () => void): void {
    if (this.#res.closed) listener();
    else this.#res.once('close', listener);
  }

  start(): void {
    try {
      const outcome = this.#checkHead();
      if (isPromise(outcome))
        outcome.then(
          (reply) => this.#finish(reply),
          (error: unknown) => this.#fail(error),
        );
      else this.#finish(outcome);
    } catch (error) {
      this.#fail(error);
    }
  }

  #checkHead(): Awaitable<Reply | undefined> {
    const { operation, context } = this.#route;
    const { path, faults } = parsePath(this.req.params);
    this.roomId = path.roomId;
    this.participantId = path.participantId;
    this.code = path.code;
    this.subject = path.participantId;
    this.query = parseQuery(operation, this.req.url, faults, context);
    if (operation.refusedWhileDraining === true && context.isDraining()) throw shuttingDown();
    return whenReady(this.#authenticate(), (credential) => this.#checkCredential(credential));
  }

  #authenticate(): Awaitable<Credential> {
    const { operation, context } = this.#route;
    return operation.security === 'public' ? NO_CREDENTIAL : authenticate(this.req, operation, this.roomId, context);
  }

  #checkCredential(credential: Credential): Awaitable<Reply | undefined> {
    const { operation, context } = this.#route;
    this.credential = credential;
    this.subject ??= participantOf(credential, this.roomId);
    this.caller = authorize(operation.security, credential, this, context);
    this.#present = this.caller ?? presentOf(credential);
    if (this.#present !== undefined && operation.isPoll !== true) context.signalling.recordRequest(this.#present);
    const parsed = parseBody(operation, this.req, context, this.caller);
    return isPromise(parsed) ? parsed.then((late) => this.#checkAgain(late)) : this.#perform(parsed);
  }

  /** The token may have been replaced while a slow body was arriving. */
  #checkAgain(parsed: ParsedBody): Awaitable<Reply | undefined> {
    const { operation, context } = this.#route;
    if (this.caller === undefined) return this.#perform(parsed);
    return whenReady(this.#authenticate(), (credential) => {
      authorize(operation.security, credential, this, context);
      return this.#perform(parsed);
    });
  }

  #perform({ body, bodyText, idempotency }: ParsedBody): Awaitable<Reply | undefined> {
    const { handler, context } = this.#route;
    this.body = body;
    this.bodyText = bodyText;
    this.idempotency = idempotency;
    return handler(this, context);
  }

  /** @param reply `undefined` when the client has disconnected */
  #finish(reply: Reply | undefined): void {
    this.#touch();
    if (reply !== undefined) this.#answer(reply);
  }

  #fail(error: unknown): void {
    this.#touch();
    if (error instanceof HungUp) return;
    const { operation, context } = this.#route;
    const { req, roomId } = this;
    this.#logFailure(error);
    chargeFailure(error, { req, operation, roomId }, context)
      .then((refused) => this.#refuse(refused))
      .catch(this.#onError);
  }

  #refuse(error: unknown): void {
    const limit = error instanceof SignallingError ? error.details.limit : undefined;
    if (limit !== undefined) this.#route.context.observability.rateLimited(limit.name);
    this.#answer(this.#problem(error));
  }

  #touch(): void {
    if (this.#present !== undefined) this.#route.context.signalling.touch(this.#present);
  }

  /** Logs an internal error. A store outage gets one log line of its own instead of one per request. */
  #logFailure(error: unknown): void {
    if (!isInternal(error)) return;
    const { operation, context } = this.#route;
    const { method, path } = operation;
    const { roomId, subject: participantId } = this;
    const fields = { err: error, requestId: this.requestId, method, path, roomId, participantId };
    if (isUnavailable(error)) context.signalling.logRefusal(fields);
    else context.log.error(fields, 'request failed');
  }

  #problem(error: unknown): Reply {
    return problemReply(error, {
      basePath: this.basePath,
      requestId: this.requestId,
      authorization: this.req.headers.authorization,
      inBatch: this.#route.operation.body?.relays === 'messages',
    });
  }

  #answer(reply: Reply): void {
    if (this.#res.destroyed) return;
    const { id, context, headers } = this.#route;
    const { status, code } = reply;
    try {
      if (context.isDraining()) this.#res.shouldKeepAlive = false;
      if (reply !== switched) write(this.#res, headers, this.requestId, reply);
      const elapsedMs = performance.now() - this.#startedMs;
      context.observability.answered(id, status, code, elapsedMs);
      const { requestId, roomId, subject: participantId } = this;
      context.log.debug({ requestId, operation: id, roomId, participantId, status, code, elapsedMs }, 'answered');
    } catch (error) {
      this.#onError(error);
    }
  }
}

/** The participant that the credential names in the room, if any. */
function participantOf(credential: Credential, roomId: RoomId | undefined): ParticipantId | undefined {
  if (credential.kind === 'access-token') return credential.subject;
  return credential.kind === 'participant' && credential.roomId === roomId ? credential.participantId : undefined;
}
