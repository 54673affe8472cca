import type { Problem } from '../wire/index.ts';
import { retryAfterMs } from './backoff.ts';
import type { ConnectionSharing } from './connection-sharing.ts';
import { takeKeepaliveQuota } from './keepalive.ts';
import { listen } from './listen.ts';
import { after, type FetchReply, type Platform } from './platform.ts';

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
  /** Lets the request outlive the page, as far as the browser's quota reaches: see keepalive.ts. */
  readonly keepalive?: boolean;
  /** A poll, which waits on purpose: no other poll is given up for it. */
  readonly isHeld?: boolean;
  /** A field that the answer always has; 204 without one. A captive portal also says 200, in JSON if need be. */
  readonly expects?: keyof Body & string;
}

/** Every end of a request has a name. `ageMs` is how long it took. */
export type Answer<Body> =
  | { readonly kind: 'ok'; readonly body: Body; readonly ageMs: number }
  | { readonly kind: 'problem'; readonly problem: Problem; readonly retryAfterMs: number; readonly ageMs: number }
  | { readonly kind: 'cut'; readonly cause: CutCause; readonly retryAfterMs?: undefined; readonly ageMs: number };

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

export class Http {
  readonly #roomUrl: string;
  readonly #platform: Platform;
  readonly #sharing: ConnectionSharing;
  /** Told about every request that ended. */
  onExchange: ((exchange: Exchange) => void) | undefined;

  constructor(baseUrl: string, roomId: string, platform: Platform, sharing: ConnectionSharing) {
    this.#roomUrl = `${baseUrl.replace(/\/+$/, '')}/v1/rooms/${encodeURIComponent(roomId)}`;
    this.#platform = platform;
    this.#sharing = sharing;
  }

  /** Never rejects. */
  async exchange<Body>(request: HttpRequest<Body>): Promise<Answer<Body>> {
    const { operation, body: sent } = request;
    const { timers } = this.#platform;
    const startedMs = timers.now();
    const asking = this.#ask(request);
    const reply = await (request.isHeld ? asking : this.#sharing.during(asking));
    const answer = judge(request, reply, Math.max(0, timers.now() - startedMs));
    this.onExchange?.({ ...answer, operation, sent });
    return answer;
  }

  async #ask(request: HttpRequest<never>): Promise<Reply | CutCause> {
    const { signal, timeoutMs = TIMEOUT_MS } = request;
    const abort = new AbortController();
    let cause: CutCause = 'broken';
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
      return { status: reply.status, headers: reply.headers, body: parse(await reply.text()) };
    } catch {
      return cause;
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
    const giveBack = request.keepalive ? takeKeepaliveQuota(text ?? '') : undefined;
    if (!giveBack) return send(false);
    try {
      return await send(true);
    } catch (error) {
      if (signal.aborted) throw error;
      // Refused for being `keepalive`: the app has used up the quota, or an older Safari would need a preflight.
      return await send(false);
    } finally {
      giveBack();
    }
  }
}

type Reply = Pick<FetchReply, 'status' | 'headers'> & { readonly body: unknown };

/** Only what Holdline itself said counts as an answer; pages of proxies and portals are as good as a cut connection. */
function judge<Body>({ expects }: HttpRequest<Body>, reply: Reply | CutCause, ageMs: number): Answer<Body> {
  if (typeof reply === 'string') return { kind: 'cut', cause: reply, ageMs };
  const { status, headers } = reply;
  const fields = reply.body as Partial<Body & Problem> | null | undefined;
  if (expects ? status < 300 && fields?.[expects] : status === 204) return { kind: 'ok', body: fields as Body, ageMs };
  if (status < 400 || typeof fields?.retryable !== 'boolean') return { kind: 'cut', cause: 'foreign', ageMs };
  const problem = { ...(fields as Problem), status };
  return { kind: 'problem', problem, retryAfterMs: retryAfterMs(headers.get('Retry-After')), ageMs };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
