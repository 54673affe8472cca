import type { ServerResponse } from 'node:http';
import { writeHead } from './head.ts';
import { API_POLICY, PAGE_POLICY, type HeaderList } from './headers.ts';

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

const NONE: HeaderList = [];
const JSON_TYPE = 'application/json; charset=utf-8';

const same = new WeakMap<HeaderList, Map<string, HeaderList>>();

/** There are a handful of policies and media types: for each pair one list, which is always the same. */
function sameOf(constant: HeaderList, policy = API_POLICY, mediaType = ''): HeaderList {
  let lists = same.get(constant);
  if (lists === undefined) same.set(constant, (lists = new Map<string, HeaderList>()));
  const key = `${mediaType} ${policy}`;
  let list = lists.get(key);
  if (list === undefined) {
    const type = mediaType === '' ? NONE : ['Content-Type', mediaType];
    lists.set(key, (list = [...constant, 'Content-Security-Policy', policy, ...type]));
  }
  return list;
}

export const ok = (body: string): Reply => ({ status: 200, body });
export const noContent: Reply = { status: 204 };
export const page = (body: string): Reply => ({
  status: 200,
  body,
  mediaType: 'text/html; charset=utf-8',
  contentPolicy: PAGE_POLICY,
});
export const created = (body: string, replayed: boolean): Reply =>
  replayed ? { status: 201, body, headers: ['Idempotency-Replayed', 'true'] } : { status: 201, body };

/** The only place that writes an answer of the service. */
export function write(res: ServerResponse, constant: HeaderList, requestId: string, reply: Reply): void {
  const { status, body, mediaType, contentPolicy, headers = NONE } = reply;
  const own = ['X-Request-Id', requestId, ...headers];
  if (body === undefined) {
    writeHead(res, status, sameOf(constant, contentPolicy, undefined), own);
    res.end();
    return;
  }
  own.push('Content-Length', String(Buffer.byteLength(body)));
  writeHead(res, status, sameOf(constant, contentPolicy, mediaType ?? JSON_TYPE), own);
  res.end(body);
  if (res.writableLength > 0) limitWriting(res);
}

function limitWriting(res: ServerResponse): void {
  const timer = setTimeout(() => res.destroy(), MAX_WRITE_MS);
  res.once('close', () => clearTimeout(timer));
}
