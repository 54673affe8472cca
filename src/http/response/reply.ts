import type { ServerResponse } from 'node:http';
import { API_POLICY, PAGE_HEADERS, PAGE_POLICY, type HeaderList } from './headers.ts';

/** An answer, complete before its first byte is written: nothing on the way can hold a part of it back. */
export interface Reply {
  readonly status: number;
  /** Absent for 204. */
  readonly body?: string | Buffer;
  readonly mediaType?: string;
  /** What the answer may load; nothing, unless it is a page. */
  readonly contentPolicy?: string;
  readonly headers?: HeaderList;
  /** Of a problem; not written, but counted. */
  readonly code?: string;
}

/** A reader slower than this keeps nothing but memory of ours (slow-read attack). */
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

/** The only place that writes an answer of the service. */
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
  // Behind another answer it has to wait for that one, which may be a held poll.
  if (res.socket === null) res.once('socket', () => limitWriting(res));
  else limitWriting(res);
}

function limitWriting(res: ServerResponse): void {
  const timer = setTimeout(() => res.destroy(), MAX_WRITE_MS);
  res.once('close', () => clearTimeout(timer));
}
