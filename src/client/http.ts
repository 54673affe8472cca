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
  /** Path below the room, such as `/messages/poll`. */
  readonly path: string;
  /**
   * JSON text, so that a retry under the same idempotency key sends the same bytes. A request without a body is a GET.
   */
  readonly body?: string;
  readonly headers?: Record<string, string>;
  readonly token?: string | undefined;
  /** Milliseconds; 15,000 when omitted. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Lets the request outlive the page, within the browser's quota (64 KiB in flight). */
  readonly keepalive?: boolean;
  /** A poll, which is held on purpose: no other poll is given up for it. */
  readonly isHeld?: boolean;
  /**
   * A field that every answer has; without one, the answer is a 204. Captive portals also answer 200, some with JSON.
   */
  readonly expects?: keyof Body & string;
}

/** How a request ended. `ageMs` is how long it took. */
export type Answer<Body> = Outcome<Body> & { readonly ageMs: number };

type Outcome<Body> =
  | { readonly kind: 'ok'; readonly body: Body }
  /** Holdline refused the request. */
  | {
      readonly kind: 'problem';
      readonly problem: Problem;
      /** The same as an error for the app. */
      readonly error: HoldlineError;
      readonly retryAfterMs: number;
    }
  | NoAnswer;

interface NoAnswer {
  readonly kind: 'cut';
  readonly cause: CutCause;
  /** Describes the request and what came instead of an answer. Its `cause` is the error that `fetch` threw, if any. */
  readonly error: HoldlineError;
  /** Status of an answer that is not Holdline's. */
  readonly status?: number;
  readonly retryAfterMs?: number;
}

export type Refused = Extract<Answer<never>, { kind: 'problem' }>;
export type Cut = Extract<Answer<never>, { kind: 'cut' }>;
export type Failure = Refused | Cut;

/**
 * `silent`: no answer within the time. `aborted`: by the client. `broken`: the connection failed. `foreign`: another
 * server answered, such as a captive portal. `rejoined`: the participant had to join again; the next attempt uses the
 * new token.
 */
export type CutCause = 'silent' | 'aborted' | 'broken' | 'foreign' | 'rejoined';

/** One request and how it ended, for diagnosis. The answer to `joinRoom` contains the token. */
export type Exchange = Answer<unknown> & {
  /** The operation's id in openapi.yaml, such as `pollMessages`. */
  readonly operation: string;
  /** The JSON that was sent, such as `{after, wait}` of a poll. */
  readonly sent: unknown;
};

/** Begins the sentence that the server adds to the detail of a 401 when no Bearer credential arrived. */
const MISSING_CREDENTIAL = 'The request carries';

export class Http {
  readonly roomUrl: string;
  readonly #runtime: Runtime;
  readonly #sharing: ConnectionSharing;
  /** The base URL without credentials, for error messages. */
  readonly #place: string;
  /** Called for every request that has ended. */
  onExchange: ((exchange: Exchange) => void) | undefined;

  constructor(runtime: Runtime, sharing: ConnectionSharing, baseUrl: string, roomId: string) {
    this.#runtime = runtime;
    this.#sharing = sharing;
    this.roomUrl = `${baseUrl.replace(/\/+$/, '')}/v1/rooms/${encodeURIComponent(roomId)}`;
    this.#place = textOf(baseUrl);
  }

  /** Never rejects. */
  async exchange<Body>(request: HttpRequest<Body>): Promise<Answer<Body>> {
    const { operation, body = '' } = request;
    const startedMs = this.#runtime.now();
    const cancel = request.isHeld ? undefined : this.#runtime.after(SLOW_REQUEST_MS, () => this.#sharing.ask());
    const outcome = await this.#ask(request);
    cancel?.();
    const answer = { ...outcome, ageMs: Math.max(0, this.#runtime.now() - startedMs) };
    this.onExchange?.({ ...answer, operation, sent: parse(body) });
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

  /** Sets no `cache` option: React Native's fetch would add a query parameter, which the service refuses. */
  async #fetch(request: HttpRequest<never>, signal: AbortSignal): Promise<FetchReply> {
    const { path, body, headers, token, keepalive = false } = request;
    const url = this.roomUrl + path;
    const init: FetchInit = {
      method: body ? 'POST' : 'GET',
      headers: {
        ...headers,
        ...(token && { Authorization: `Bearer ${token}` }),
        ...(body && { 'Content-Type': 'application/json' }),
      },
      body: body ?? null,
      keepalive,
      signal,
    };
    try {
      return await this.#runtime.fetch(url, init);
    } catch (error) {
      if (!keepalive || signal.aborted) throw error;
      // `keepalive` was refused: the page has more than 64 KiB of such bodies in flight, or an older Safari would need
      // a preflight.
      return this.#runtime.fetch(url, { ...init, keepalive: false });
    }
  }

  /** Only answers of Holdline count; pages of proxies and captive portals are treated like a cut connection. */
  async #judge<Body>(request: HttpRequest<Body>, reply: FetchReply): Promise<Outcome<Body>> {
    const { status, headers } = reply;
    const { expects, token } = request;
    const fields = parse(await reply.text()) as Partial<Body & Problem> | null | undefined;
    // The cast is safe as far as the server keeps its contract: only the expected field is checked.
    const isOk = expects ? status < 300 && fields?.[expects] : status === 204;
    if (isOk) return { kind: 'ok', body: fields as Body };
    // RFC 9110, section 10.2.3. At most a minute, because a proxy may have written it; a date is ignored.
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
    // Some runtimes quote a header that they refuse to send, and errors are logged.
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
