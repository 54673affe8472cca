import type { Problem } from '../wire/index.ts';
import { retryAfterMs } from './backoff.ts';
import type { FetchInit, FetchReply, Platform } from './platform.ts';

export interface HttpRequest<Body> {
  /** The operation's id in openapi.yaml. */
  readonly operation: string;
  /** Below the room, such as `/messages/poll`. */
  readonly path: string;
  readonly method?: 'GET';
  readonly override?: 'DELETE';
  readonly body?: unknown;
  readonly token?: string | undefined;
  readonly idempotencyKey?: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Lets the request outlive the page; browsers allow 64 KiB in all. */
  readonly keepalive?: boolean;
  /** Whether a 2xx is an answer of Holdline: a captive portal also says 200, in JSON if need be. */
  readonly isAnswer: (status: number, body: unknown) => body is Body;
}

/** Every end of a request has a name. `ageMs` is how long it took. */
export type Answer<Body> =
  | { readonly kind: 'ok'; readonly body: Body; readonly ageMs: number }
  | { readonly kind: 'problem'; readonly problem: Problem; readonly retryAfterMs: number; readonly ageMs: number }
  | { readonly kind: 'cut'; readonly cause: CutCause; readonly ageMs: number };

/** `silent`: no answer at all within the time. `aborted`: by us. `broken`: the connection. `foreign`: answered by somebody else. */
export type CutCause = 'silent' | 'aborted' | 'broken' | 'foreign';

/** One request and how it ended, for those who want to see what happens. */
export interface Exchange {
  /** The operation's id in openapi.yaml, such as `pollMessages`. */
  readonly operation: string;
  /** `ok`, the problem's code, or why there was no answer of the service. */
  readonly outcome: 'ok' | CutCause | (string & {});
  /** Milliseconds from sending the request to having its whole answer. */
  readonly durationMs: number;
  /** Of a poll: the `wait` that was asked for, in seconds. */
  readonly waitSeconds?: number;
  /** How many messages went (sends) or came (polls). */
  readonly messages?: number;
}

export class Http {
  readonly #roomUrl: string;
  readonly #platform: Platform;
  /** Told about every request that ended. */
  onExchange: (exchange: Exchange) => void = () => undefined;

  constructor(baseUrl: string, roomId: string, platform: Platform) {
    this.#roomUrl = `${baseUrl.replace(/\/+$/, '')}/v1/rooms/${encodeURIComponent(roomId)}`;
    this.#platform = platform;
  }

  /** Never rejects. */
  async exchange<Body>(request: HttpRequest<Body>): Promise<Answer<Body>> {
    const startedMs = this.#platform.timers.now();
    const result = await this.#within(request);
    const ageMs = Math.max(0, this.#platform.timers.now() - startedMs);
    const answer: Answer<Body> =
      typeof result === 'string'
        ? { kind: 'cut', cause: result, ageMs }
        : { ...judge(request, result, this.#platform.timers.now()), ageMs };
    this.onExchange(exchangeOf(request, answer));
    return answer;
  }

  /** The race is ours: a handed-in `fetch` may not know about signals. */
  #within<Body>(request: HttpRequest<Body>): Promise<Raw | CutCause> {
    const { timers } = this.#platform;
    const abort = new AbortController();
    return new Promise<Raw | CutCause>((resolve) => {
      const give = (cause: CutCause) => () => {
        resolve(cause);
        abort.abort();
      };
      const onAbort = give('aborted');
      const timer = timers.setTimeout(give('silent'), request.timeoutMs);
      request.signal?.addEventListener('abort', onAbort);
      if (request.signal?.aborted === true) onAbort();
      void this.#read(request, abort.signal)
        .then(resolve, () => resolve('broken'))
        .then(() => {
          timers.clearTimeout(timer);
          request.signal?.removeEventListener('abort', onAbort);
        });
    });
  }

  async #read<Body>(request: HttpRequest<Body>, signal: AbortSignal): Promise<Raw> {
    const reply = await this.#platform.fetch(this.#roomUrl + request.path, initOf(request, signal));
    return { status: reply.status, headers: reply.headers, text: reply.status === 204 ? '' : await reply.text() };
  }
}

type Raw = Pick<FetchReply, 'status' | 'headers'> & { readonly text: string };

/** No `cache` option: React Native's fetch answers it by adding a query parameter, which the service refuses. */
function initOf<Body>(request: HttpRequest<Body>, signal: AbortSignal): FetchInit {
  const { method = 'POST', body, token, idempotencyKey, override, keepalive } = request;
  const headers: Record<string, string> = {};
  if (token !== undefined) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (idempotencyKey !== undefined) headers['Idempotency-Key'] = idempotencyKey;
  // Strict proxies pass GET and POST only.
  if (override !== undefined) headers['X-HTTP-Method-Override'] = override;
  return {
    method,
    headers,
    signal,
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(keepalive && { keepalive }),
  };
}

type Judged<Body> =
  | { kind: 'ok'; body: Body }
  | { kind: 'problem'; problem: Problem; retryAfterMs: number }
  | { kind: 'cut'; cause: CutCause };

/** Only what Holdline itself said counts as an answer; pages of proxies and portals are as good as a cut connection. */
function judge<Body>(request: HttpRequest<Body>, { status, headers, text }: Raw, nowMs: number): Judged<Body> {
  const body = parse(text);
  if (status < 300 && request.isAnswer(status, body)) return { kind: 'ok', body };
  if (status < 400 || !isProblem(body)) return { kind: 'cut', cause: 'foreign' };
  return {
    kind: 'problem',
    problem: { ...body, status },
    retryAfterMs: retryAfterMs(headers.get('Retry-After'), nowMs),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isProblem = (body: unknown): body is Problem => isObject(body) && typeof body.code === 'string';

export const isObject = (body: unknown): body is Record<string, unknown> => typeof body === 'object' && body !== null;

export const isEmptyAnswer = (status: number, _body: unknown): _body is undefined => status === 204;

function exchangeOf<Body>({ operation, body }: HttpRequest<Body>, answer: Answer<Body>): Exchange {
  const sent = isObject(body) ? body : {};
  const { messages } = isObject(sent.messages) || answer.kind !== 'ok' || !isObject(answer.body) ? sent : answer.body;
  return {
    operation,
    outcome: answer.kind === 'ok' ? 'ok' : answer.kind === 'cut' ? answer.cause : answer.problem.code,
    durationMs: answer.ageMs,
    ...(typeof sent.wait === 'number' && { waitSeconds: sent.wait }),
    ...(Array.isArray(messages) && { messages: messages.length }),
  };
}
