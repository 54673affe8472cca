import type { FetchInit, FetchLike, FetchReply, JoinOptions } from '../../../src/client/index.ts';
import { VirtualTime } from './virtual-time.ts';

export interface Asked {
  readonly atMs: number;
  readonly operation: Operation;
  readonly body: Readonly<Record<string, unknown>>;
  /** The body as it was sent. */
  readonly text: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Below the room. */
  readonly path: string;
  readonly keepalive: boolean;
}

export type Operation = 'join' | 'poll' | 'send' | 'ack' | 'leave' | 'participants' | 'ice-servers';
type Answer = (asked: Asked, signal: AbortSignal) => FetchReply | Promise<FetchReply>;

const PATHS: readonly (readonly [RegExp, Operation])[] = [
  [/\/messages\/poll$/, 'poll'],
  [/\/messages\/batch$/, 'send'],
  [/\/messages\/ack$/, 'ack'],
  [/\/participants\/[^/]+(\/leave)?$/, 'leave'],
  [/\/ice-servers$/, 'ice-servers'],
];

/** A fake server in virtual time. Tests script its responses, and it counts requests; by default it conforms. */
export class HostileServer {
  readonly time = new VirtualTime();
  readonly asked: Asked[] = [];
  /** The operations that were to outlive the page. */
  readonly keptAlive: Operation[] = [];
  #token = 0;
  #receipt = 0;
  readonly #behaviour: Record<Operation, Answer> = {
    join: () => json(201, this.joinResult()),
    poll: async ({ body }) => {
      await this.time.after(Number(body.wait) * 970);
      return json(200, { messages: [], cursor: body.after ?? 'c0', more: false, expired: 0 });
    },
    send: (asked) => this.#accept(asked),
    ack: () => json(204),
    leave: () => json(204),
    participants: () => json(200, { participants: [] }),
    'ice-servers': () => json(200, { iceServers: [], ttlSeconds: 60 }),
  };

  /** Everything that the client is handed in. `random` is 0.5: jitter is half of what it may be. */
  get options(): JoinOptions & { readonly baseUrl: string } {
    const { fetch, time } = this;
    return { baseUrl: 'http://hostile', roomId: 'room', participantId: 'me', fetch, timers: time, random: () => 0.5 };
  }

  /** Accepts a send after a while, as the network takes it. */
  acceptAfter(ms: number): (asked: Asked) => Promise<FetchReply> {
    return async (asked) => {
      await this.time.after(ms);
      return this.#accept(asked);
    };
  }

  #accept({ body }: Asked): FetchReply {
    return json(201, { receipts: (body.messages as unknown[]).map(() => this.receipt()) });
  }

  on(operation: Operation, answer: Answer): void {
    this.#behaviour[operation] = answer;
  }

  /** Answers one after the other; the last one again and again. */
  script(operation: Operation, ...answers: Answer[]): void {
    let step = -1;
    this.on(operation, (asked, signal) => {
      step = Math.min(step + 1, answers.length - 1);
      const answer = answers[step];
      if (answer === undefined) throw new Error('an empty script');
      return answer(asked, signal);
    });
  }

  all(operation: Operation): Asked[] {
    return this.asked.filter((asked) => asked.operation === operation);
  }

  count(operation: Operation): number {
    return this.all(operation).length;
  }

  joinResult(changes: Record<string, unknown> = {}): Record<string, unknown> {
    this.#token += 1;
    const times = { defaultWaitSeconds: 25, defaultTtlSeconds: 120, maxTtlSeconds: 3_600, idleTimeoutSeconds: 60 };
    const limits = { ...times, maxSendBatch: 32 };
    const participant = { participantId: 'me', joinedAt: '2026-11-22T09:30:00.125Z', listening: true };
    return {
      ...{ roomId: 'room', participantId: 'me', token: `token${this.#token}`, cursor: 'c0', resumed: false },
      ...{ participants: [participant], iceServers: [], limits },
      ...changes,
    };
  }

  receipt(): Record<string, unknown> {
    this.#receipt += 1;
    return { id: `receipt${this.#receipt}`, sentAt: '2026-11-22T09:30:00.125Z', recipients: [] };
  }

  readonly fetch: FetchLike = (url, init) => {
    const asked = this.#note(url, init);
    const answer = Promise.resolve().then(() => this.#behaviour[asked.operation](asked, init.signal));
    const aborted = new Promise<never>((_, reject) => {
      if (init.signal.aborted) reject(new Error('aborted'));
      init.signal.addEventListener('abort', () => reject(new Error('aborted')));
    });
    return Promise.race([answer, aborted]);
  };

  #note(url: string, init: FetchInit): Asked {
    const known = PATHS.find(([pattern]) => pattern.test(url))?.[1];
    const operation = known ?? (init.method === 'GET' ? 'participants' : 'join');
    const text = init.body ?? '{}';
    const body = JSON.parse(text) as Record<string, unknown>;
    const path = url.slice(url.indexOf('/room/') + '/room'.length);
    const { headers, keepalive } = init;
    const asked = { atMs: this.time.now(), operation, body, text, headers, path, keepalive };
    this.asked.push(asked);
    if (init.keepalive) this.keptAlive.push(operation);
    return asked;
  }
}

function reply(status: number, text: string, headers: Record<string, string>): FetchReply {
  return { status, headers: { get: (name) => headers[name] ?? null }, text: () => Promise.resolve(text) };
}

export const json = (status: number, body?: unknown, headers: Record<string, string> = {}): FetchReply =>
  reply(status, body === undefined ? '' : JSON.stringify(body), headers);

/** The response of a proxy or a captive portal. */
export const html = (status: number, headers: Record<string, string> = {}): FetchReply =>
  reply(status, '<!doctype html><title>Sign in</title>', { 'Content-Type': 'text/html; charset=utf-8', ...headers });

export function problem(
  status: number,
  code: string,
  more: Record<string, unknown> & { retryAfter?: number; challenge?: string } = {},
): FetchReply {
  const { retryAfter, challenge, ...fields } = more;
  const retryable = [429, 500, 503].includes(status);
  const headers: Record<string, string> = {
    ...(retryAfter !== undefined && { 'Retry-After': String(retryAfter) }),
    ...(challenge !== undefined && { 'WWW-Authenticate': challenge }),
  };
  return json(status, { code, status, detail: code, retryable, ...fields }, headers);
}

export const broken = (): never => {
  throw new TypeError('fetch failed');
};

export const forever = (): Promise<never> => new Promise(() => undefined);

let ids = 0;

/** A message as it arrives. */
export function message(type: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  ids += 1;
  return { id: `m${ids}`, from: 'other', type, sentAt: '2026-11-22T09:30:00.125Z', ageMs: 1, ...more };
}

export const batch = (cursor: string, ...messages: unknown[]): FetchReply =>
  json(200, { messages, cursor, more: false, expired: 0 });
