import type { Problem } from '../wire/index.ts';
import type { ConnectionSharing } from './connection-sharing.ts';
import { HoldlineError, textOf } from './errors.ts';
import { listen } from './listen.ts';
import { after, type FetchReply, type Platform } from './platform.ts';
import { lacksCredential, readReply, textOfForeign, type Reply } from './reply.ts';

export interface HttpRequest<Body> {
  /** The operation's id in openapi.yaml. */
  readonly operation: string;
  /** Below the room, such as `/messages/poll`. */
  readonly path: string;
  /** None: a GET. */
  readonly body?: object;
  readonly headers?: Record<string, string>;
  readonly token?: string | undefined;
  /** Milliseconds; 15,000 when omitted. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Lets the request outlive the page, as far as the browser's quota reaches (64 KiB of bodies in flight). */
  readonly keepalive?: boolean;
  /** A poll, which waits on purpose: no other poll is given up for it. */
  readonly isHeld?: boolean;
  /** A field that the answer always has; 204 without one. A captive portal also says 200, in JSON if need be. */
  readonly expects?: keyof Body & string;
}

/** Every end of a request has a name. `ageMs` is how long it took. */
export type Answer<Body> =
  | { readonly kind: 'ok'; readonly body: Body; readonly ageMs: number }
  | {
      readonly kind: 'problem';
      readonly problem: Problem;
      readonly retryAfterMs: number;
      readonly ageMs: number;
      /** A credential was sent, and as far as `WWW-Authenticate` tells, none arrived (RFC 6750, section 3.1). */
      readonly hasLostCredential?: boolean;
    }
  | Cut;

/** No usable answer. */
export interface Cut {
  readonly kind: 'cut';
  readonly cause: CutCause;
  /** What was asked and what came instead, in words. Its `cause` is what `fetch` threw, if it threw. */
  readonly error: HoldlineError;
  /** Of an answer that is not Holdline's. */
  readonly status?: number;
  readonly retryAfterMs?: number;
  readonly ageMs: number;
}

/**
 * `silent`: no answer at all within the time. `aborted`: by us. `broken`: the connection. `foreign`: answered by somebody else,
 * such as a captive portal. `rejoined`: asked as a participant that is no more; the next attempt goes as the new one.
 */
export type CutCause = 'silent' | 'aborted' | 'broken' | 'foreign' | 'rejoined';

/** One request and how it ended, for those who want to see what happens. The answer to `joinRoom` holds the token. */
export type Exchange = Answer<unknown> & {
  /** The operation's id in openapi.yaml, such as `pollMessages`. */
  readonly operation: string;
  /** The JSON that was sent, such as `{after, wait}` of a poll. */
  readonly sent: unknown;
};

const TIMEOUT_MS = 15_000;
/** A request other than a poll that takes longer may be waiting for a connection. */
const SLOW_MS = 800;

export class Http {
  readonly #roomUrl: string;
  readonly #platform: Platform;
  readonly #sharing: ConnectionSharing;
  /** For messages. */
  readonly #place: string;
  /** Told about every request that ended. */
  onExchange: ((exchange: Exchange) => void) | undefined;

  constructor(baseUrl: string, roomId: string, platform: Platform, sharing: ConnectionSharing) {
    this.#roomUrl = `${baseUrl.replace(/\/+$/, '')}/v1/rooms/${encodeURIComponent(roomId)}`;
    this.#platform = platform;
    this.#sharing = sharing;
    this.#place = textOf(baseUrl);
  }

  /** Never rejects. */
  async exchange<Body>(request: HttpRequest<Body>): Promise<Answer<Body>> {
    const { operation, body: sent } = request;
    const { timers } = this.#platform;
    const startedMs = timers.now();
    const cancel = after(timers, SLOW_MS, () => {
      if (!request.isHeld) this.#sharing.ask();
    });
    const reply = await this.#ask(request);
    cancel();
    const answer = this.#judge(request, reply, Math.max(0, timers.now() - startedMs));
    this.onExchange?.({ ...answer, operation, sent });
    return answer;
  }

  async #ask(request: HttpRequest<never>): Promise<Reply | NoReply> {
    const { signal, timeoutMs = TIMEOUT_MS } = request;
    const abort = new AbortController();
    let cause = 'broken' as CutCause;
    const give = (why: CutCause) => (): void => {
      cause = why;
      abort.abort();
    };
    const onAbort = give('aborted');
    const cancel = after(this.#platform.timers, timeoutMs, give('silent'));
    const deafen = listen(signal, 'abort', onAbort);
    if (signal?.aborted) onAbort();
    try {
      const reply = await this.#fetch(request, abort.signal);
      return await readReply(reply);
    } catch (thrown) {
      return { cause, thrown: cause === 'silent' ? new Error(`no answer within ${timeoutMs / 1_000} s`) : thrown };
    } finally {
      cancel();
      deafen();
    }
  }

  /** No `cache` option: React Native's fetch answers it by adding a query parameter, which the service refuses. */
  async #fetch(request: HttpRequest<never>, signal: AbortSignal): Promise<FetchReply> {
    const { path, body, headers, token } = request;
    const text = body ? JSON.stringify(body) : null;
    const send = (keepalive: boolean): Promise<FetchReply> =>
      this.#platform.fetch(this.#roomUrl + path, {
        method: body ? 'POST' : 'GET',
        headers: {
          ...headers,
          ...(token && { Authorization: `Bearer ${token}` }),
          ...(body && { 'Content-Type': 'application/json' }),
        },
        body: text,
        keepalive,
        signal,
      });
    if (!request.keepalive) return send(false);
    try {
      return await send(true);
    } catch (error) {
      if (signal.aborted) throw error;
      // Refused for being `keepalive`: the page has used up the quota, or an older Safari would need a preflight.
      return send(false);
    }
  }

  /** Only what Holdline itself said counts as an answer; pages of proxies and portals are as good as a cut connection. */
  #judge<Body>(request: HttpRequest<Body>, reply: Reply | NoReply, ageMs: number): Answer<Body> {
    if ('cause' in reply) return this.#cut(request, reply, { ageMs });
    const { status, retryAfterMs } = reply;
    const { expects, token } = request;
    const fields = reply.body as Partial<Body & Problem> | null | undefined;
    const isOk = expects ? status < 300 && fields?.[expects] : status === 204;
    if (isOk) return { kind: 'ok', body: fields as Body, ageMs };
    if (status < 400 || typeof fields?.retryable !== 'boolean') {
      const thrown = new Error(textOfForeign(reply));
      return this.#cut(request, { cause: 'foreign', thrown }, { status, retryAfterMs, ageMs });
    }
    const problem = { ...(fields as Problem), status };
    const hasLostCredential = Boolean(token) && status === 401 && lacksCredential(reply);
    return { kind: 'problem', problem, retryAfterMs, ageMs, hasLostCredential };
  }

  #cut(
    { operation, token }: HttpRequest<never>,
    { cause, thrown }: NoReply,
    more: Pick<Cut, 'status' | 'retryAfterMs' | 'ageMs'>,
  ): Cut {
    const text = textOf(thrown);
    // A runtime quotes a header that it refuses to send, and errors go to logs.
    const told = token && text.includes(token) ? new Error('the token does not fit into a header') : thrown;
    const error = new HoldlineError('network', undefined, told, `${operation} ${this.#place}: ${textOf(told)}`);
    return { kind: 'cut', cause, error, ...more };
  }
}

/** Why there is no reply. */
interface NoReply {
  readonly cause: CutCause;
  readonly thrown: unknown;
}
