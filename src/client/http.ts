import type { Problem } from '../wire/index.ts';
import type { ConnectionSharing } from './connection-sharing.ts';
import { HoldlineError, textOf } from './errors.ts';
import { listen } from './events.ts';
import { SLOW_REQUEST_MS, REQUEST_TIMEOUT_MS } from './limits.ts';
import type { FetchInit, FetchReply } from './runtime.ts';
import type { Runtime } from './runtime.ts';

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
  /** Lets the request outlive the page, as far as the browser's quota reaches (64 KiB in flight). */
  readonly keepalive?: boolean;
  /** A poll, which waits on purpose: no other poll is given up for it. */
  readonly isHeld?: boolean;
  /** A field that the answer always has; 204 without one. A captive portal also says 200, in JSON if need be. */
  readonly expects?: keyof Body & string;
}

/** How a request ended: every end has a name. `ageMs` is how long it took. */
export type Answer<Body> = Outcome<Body> & { readonly ageMs: number };

type Outcome<Body> =
  | { readonly kind: 'ok'; readonly body: Body }
  /** A refusal of Holdline itself. */
  | {
      readonly kind: 'problem';
      readonly problem: Problem;
      /** The same for the app. */
      readonly error: HoldlineError;
      readonly retryAfterMs: number;
    }
  | NoAnswer;

interface NoAnswer {
  readonly kind: 'cut';
  readonly cause: CutCause;
  /** What was asked and what came instead, in words. Its `cause` is what `fetch` threw, if it threw. */
  readonly error: HoldlineError;
  /** Of an answer that is not Holdline's. */
  readonly status?: number;
  readonly retryAfterMs?: number;
}

export type Refused = Extract<Answer<never>, { kind: 'problem' }>;
export type Cut = Extract<Answer<never>, { kind: 'cut' }>;
export type Failure = Refused | Cut;

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

/** Begins what the server adds to the detail of a 401 when no Bearer credential arrived. */
const MISSING_CREDENTIAL = 'The request carries';

export class Http {
  readonly #roomUrl: string;
  readonly #runtime: Runtime;
  readonly #sharing: ConnectionSharing;
  /** For messages. */
  readonly #place: string;
  /** Told about every request that ended. */
  onExchange: ((exchange: Exchange) => void) | undefined;

  constructor(runtime: Runtime, sharing: ConnectionSharing, baseUrl: string, roomId: string) {
    this.#runtime = runtime;
    this.#sharing = sharing;
    this.#roomUrl = `${baseUrl.replace(/\/+$/, '')}/v1/rooms/${encodeURIComponent(roomId)}`;
    this.#place = textOf(baseUrl);
  }

  /** Never rejects. */
  async exchange<Body>(request: HttpRequest<Body>): Promise<Answer<Body>> {
    const { operation, body: sent } = request;
    const startedMs = this.#runtime.now();
    const cancel = request.isHeld ? undefined : this.#runtime.after(SLOW_REQUEST_MS, () => this.#sharing.ask());
    const outcome = await this.#ask(request);
    cancel?.();
    const answer = { ...outcome, ageMs: Math.max(0, this.#runtime.now() - startedMs) };
    this.onExchange?.({ ...answer, operation, sent });
    return answer;
  }

  async #ask<Body>(request: HttpRequest<Body>): Promise<Outcome<Body>> {
    const { signal, timeoutMs = REQUEST_TIMEOUT_MS } = request;
    const abort = new AbortController();
    let cause = 'broken' as CutCause;
    const end = (why: CutCause): void => {
      cause = why;
      abort.abort();
    };
    const cancel = this.#runtime.after(timeoutMs, () => end('silent'));
    const stopListening = listen(signal, 'abort', () => end('aborted'));
    if (signal?.aborted) end('aborted');
    try {
      return await this.#judge(request, await this.#fetch(request, abort.signal));
    } catch (thrown) {
      const told = cause === 'silent' ? new Error(`no answer within ${timeoutMs / 1_000} s`) : thrown;
      return this.#cut(request, cause, told);
    } finally {
      cancel();
      stopListening();
    }
  }

  /** No `cache` option: React Native's fetch answers it by adding a query parameter, which the service refuses. */
  async #fetch(request: HttpRequest<never>, signal: AbortSignal): Promise<FetchReply> {
    const { path, body, headers, token, keepalive = false } = request;
    const url = this.#roomUrl + path;
    const init: FetchInit = {
      method: body ? 'POST' : 'GET',
      headers: {
        ...headers,
        ...(token && { Authorization: `Bearer ${token}` }),
        ...(body && { 'Content-Type': 'application/json' }),
      },
      body: body ? JSON.stringify(body) : null,
      keepalive,
      signal,
    };
    try {
      return await this.#runtime.fetch(url, init);
    } catch (error) {
      if (!keepalive || signal.aborted) throw error;
      // Refused for being `keepalive`: the page has more than 64 KiB of these in flight, or an older Safari would need a preflight.
      return this.#runtime.fetch(url, { ...init, keepalive: false });
    }
  }

  /** Only what Holdline itself said counts as an answer; pages of proxies and portals are as good as a cut connection. */
  async #judge<Body>(request: HttpRequest<Body>, reply: FetchReply): Promise<Outcome<Body>> {
    const { status, headers } = reply;
    const { expects, token } = request;
    const fields = parse(await reply.text()) as Partial<Body & Problem> | null | undefined;
    const isOk = expects ? status < 300 && fields?.[expects] : status === 204;
    if (isOk) return { kind: 'ok', body: fields as Body };
    // RFC 9110, section 10.2.3. At most a minute, because a proxy may have written it; a date counts as nothing.
    const retryAfterMs = Math.min(60, Math.max(0, Number(headers.get('Retry-After')) || 0)) * 1_000;
    if (status >= 400 && typeof fields?.retryable === 'boolean') {
      const problem = { ...(fields as Problem), status };
      const isStripped = token && status === 401 && problem.detail.includes(MISSING_CREDENTIAL);
      const error = new HoldlineError(isStripped ? 'authorization-stripped' : problem.code, undefined, problem);
      return { kind: 'problem', problem, error, retryAfterMs };
    }
    const mediaType = headers.get('Content-Type')?.split(';')[0] ?? 'no media type';
    const byLogin = status === 401 ? ', but by a login in front of it' : '';
    const told = new Error(`answered with ${status} ${mediaType}, not by Holdline${byLogin}`);
    return { ...this.#cut(request, 'foreign', told), status, retryAfterMs };
  }

  #cut({ operation, token }: HttpRequest<never>, cause: CutCause, thrown: unknown): NoAnswer {
    // A runtime quotes a header that it refuses to send, and errors go to logs.
    const told = token && textOf(thrown).includes(token) ? new Error('the token does not fit into a header') : thrown;
    return { kind: 'cut', cause, error: new HoldlineError('network', told, undefined, `${operation} ${this.#place}`) };
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
