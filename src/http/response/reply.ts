import type { ServerResponse } from 'node:http';
import { API_POLICY, PAGE_HEADERS, PAGE_POLICY, type HeaderList } from './headers.ts';

/** A response that is complete before its first byte is written, so that no proxy can hold part of it back. */
export interface Reply {
  readonly status: number;
  /** Absent for 204. */
  readonly body?: string | Buffer;
  readonly mediaType?: string;
  /** `Content-Security-Policy`; by default nothing may be loaded. */
  readonly contentPolicy?: string;
  readonly headers?: HeaderList;
  /** Code of a problem, for metrics and the log. */
  readonly code?: string;
}

/** A client that reads a response more slowly than this only ties up server memory (slow-read attack). */
const MAX_WRITE_MS = 30_000;

export const ok = (body: string): Reply => ({ status: 200, body });
export const noContent: Reply = { status: 204 };
export const page = (body: string): Reply => ({
  status: 200,
  body,
  mediaType: 'text/html; charset=utf-8',
  contentPolicy: PAGE_POLICY,
  headers: PAGE_HEADERS,
});
export const created = (body: string, replayed: boolean): Reply =>
  replayed ? { status: 201, body, headers: ['Idempotency-Replayed', 'true'] } : { status: 201, body };

/** The only place that writes a response to a request. */
export function write(res: ServerResponse, constant: HeaderList, requestId: string, reply: Reply): void {
  const {
    status,
    body,
    mediaType = 'application/json; charset=utf-8',
    contentPolicy = API_POLICY,
    headers = [],
  } = reply;
  const all = [...constant, 'Content-Security-Policy', contentPolicy, 'X-Request-Id', requestId, ...headers];
  if (body === undefined) {
    res.writeHead(status, all).end();
    return;
  }
  all.push('Content-Type', mediaType, 'Content-Length', String(Buffer.byteLength(body)));
  res.writeHead(status, all).end(body);
  if (res.writableLength === 0) return;
  // A pipelined response waits for earlier ones, one of which may be a held poll.
  if (res.socket === null) res.once('socket', () => limitWriting(res));
  else limitWriting(res);
}

function limitWriting(res: ServerResponse): void {
  const timer = setTimeout(() => res.destroy(), MAX_WRITE_MS);
  res.once('close', () => clearTimeout(timer));
}
