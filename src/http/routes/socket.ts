import type { Request } from 'express';
import { SignallingError, unauthenticated } from '../../signalling/errors.ts';
import type { Awaitable } from '../../signalling/deferred.ts';
import type { RoomId } from '../../signalling/ids.ts';
import type { Mailbox } from '../../signalling/message.ts';
import type { Fault } from '../../wire/index.ts';
import type { RenderedProblem, SocketRequest } from '../../signalling/socket-request.ts';
import type { AppContext } from '../context.ts';
import { OPERATIONS } from '../operations/index.ts';
import { chargeFailure, judgeToken, tokenOf } from '../request/authenticate.ts';
import type { Call, Handler } from '../request/call.ts';
import { requireUpgrade } from '../request/upgrade.ts';
import { isInternal, problemReply } from '../response/problem.ts';
import { switched } from '../response/reply.ts';
import { invalidFrame, originRefused, shuttingDown } from '../response/request-problem.ts';

export const openSocket: Handler<'openSocket'> = (call, context) => {
  const { req, caller } = call;
  // Otherwise a scheme other than Bearer would count as no credential, and the socket would wait for a hello.
  if (caller === undefined && req.headers.authorization !== undefined) throw unauthenticated();
  requireOrigin(req, context);
  const upgrade = requireUpgrade(req);
  const { sockets } = context;
  if (sockets === undefined) throw new Error('this row is not served with SOCKET=off');
  const upgraded = new UpgradedRequest(call, context);
  sockets.requireRoom(upgraded.clientAddress, caller === undefined);
  upgrade.take();
  sockets.accept(req, upgrade.socket, upgrade.head, upgraded);
  return switched;
};

/** With a list of origins, other pages are refused. With `*` nothing is checked: a page of another origin has no token. */
function requireOrigin({ headers: { origin, host } }: Request, { settings: { corsOrigins } }: AppContext): void {
  if (origin === undefined || corsOrigins === '*' || corsOrigins.includes(origin)) return;
  // The scheme is that of a proxy in front, if there is one, so only the host can be compared.
  if (!URL.canParse(origin) || new URL(origin).host !== host) throw originRefused();
}

/** A request that became a socket: judges and answers in its name. */
class UpgradedRequest implements SocketRequest {
  readonly #req: Request;
  readonly #requestId: string;
  readonly #basePath: string;
  readonly #context: AppContext;
  readonly roomId: RoomId;
  readonly clientAddress: string;
  readonly bearer: SocketRequest['bearer'];

  constructor({ req, requestId, basePath, roomId, caller }: Call<'openSocket'>, context: AppContext) {
    this.#req = req;
    this.#requestId = requestId;
    this.#basePath = basePath;
    this.#context = context;
    this.roomId = roomId;
    this.clientAddress = context.clientAddressOf(req);
    const token = tokenOf(req);
    this.bearer = caller === undefined || token === undefined ? undefined : { token, mailbox: caller };
  }

  /** @throws SignallingError as a poll with this token would */
  judge(token: string): Awaitable<Mailbox> {
    return judgeToken(token, this.#req, this.roomId, this.#context);
  }

  /** @returns the error to report */
  async charge(error: unknown): Promise<unknown> {
    const refused = { req: this.#req, operation: OPERATIONS.openSocket, roomId: this.roomId };
    const charged = await chargeFailure(error, refused, this.#context);
    const limit = charged instanceof SignallingError ? charged.details.limit : undefined;
    if (limit !== undefined) this.#context.observability.rateLimited(limit.name);
    return charged;
  }

  problem(error: unknown): RenderedProblem {
    const { roomId } = this;
    const requestId = this.#requestId;
    if (isInternal(error)) this.#context.log.error({ err: error, requestId, roomId }, 'socket failed');
    const { code = 'internal', body = '' } = problemReply(error, {
      basePath: this.#basePath,
      requestId,
      inFrame: true,
    });
    const reason = error instanceof SignallingError ? error.details.reason : undefined;
    return { code, json: String(body), reason };
  }

  invalidFrame(faults: readonly Fault[]): unknown {
    return invalidFrame(faults);
  }

  shuttingDown(): unknown {
    return shuttingDown();
  }
}
