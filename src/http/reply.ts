import type { ServerResponse } from 'node:http';
import type { HeaderList } from './headers.ts';

/** An answer, complete before its first byte is written: nothing on the way can hold a part of it back. */
export interface Reply {
  readonly status: number;
  /** Absent for 204. */
  readonly body?: string;
  readonly mediaType?: string;
  readonly headers?: HeaderList;
}

/** A reader slower than this keeps nothing but memory of ours (slow-read attack). */
const MAX_WRITE_MS = 30_000;

export const ok = (body: string): Reply => ({ status: 200, body });
export const noContent: Reply = { status: 204 };
export const created = (body: string, replayed: boolean): Reply =>
  replayed ? { status: 201, body, headers: ['Idempotency-Replayed', 'true'] } : { status: 201, body };

/** The only place that writes an answer of the service. */
export function write(res: ServerResponse, constant: HeaderList, requestId: string, reply: Reply): void {
  const { status, body, mediaType = 'application/json; charset=utf-8', headers = [] } = reply;
  const all = [...constant, 'X-Request-Id', requestId, ...headers];
  if (body === undefined) {
    res.writeHead(status, all).end();
    return;
  }
  all.push('Content-Type', mediaType, 'Content-Length', String(Buffer.byteLength(body)));
  res.writeHead(status, all).end(body);
  if (res.writableLength > 0) limitWriting(res);
}

function limitWriting(res: ServerResponse): void {
  const timer = setTimeout(() => res.destroy(), MAX_WRITE_MS);
  res.once('close', () => clearTimeout(timer));
}
