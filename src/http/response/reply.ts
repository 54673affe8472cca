import type { ServerResponse } from 'node:http';
import type { ProblemCode } from '../../wire/index.ts';
import { headerBlock, writeHead, type HeaderBlock } from './header-block.ts';
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
  readonly code?: ProblemCode;
}

/** A client that reads a response more slowly than this only ties up server memory (slow-read attack). */
const MAX_WRITE_MS = 30_000;

export const ok = (body: string): Reply => ({ status: 200, body });
/** The connection is a WebSocket: the route that took it has sent the 101. */
export const switched: Reply = { status: 101 };
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
  const { body, headers = [] } = reply;
  const block = blockOf(constant, reply);
  if (body === undefined) {
    writeHead(res, block, ['X-Request-Id', requestId, ...headers]);
    res.end();
    return;
  }
  writeHead(res, block, ['X-Request-Id', requestId, 'Content-Length', String(Buffer.byteLength(body)), ...headers]);
  res.end(body);
  if (res.writableLength === 0) return;
  // A pipelined response waits for earlier ones, one of which may be a held poll.
  if (res.socket === null) res.once('socket', () => limitWriting(res));
  else limitWriting(res);
}

interface Prepared {
  readonly contentPolicy: string;
  readonly mediaType: string | undefined;
  readonly block: HeaderBlock;
}

const prepared = new WeakMap<HeaderList, Prepared[]>();

/** The headers that do not depend on the request. The code has few policies and types, so few blocks are kept. */
function blockOf(constant: HeaderList, reply: Reply): HeaderBlock {
  const { status, body, contentPolicy = API_POLICY } = reply;
  const mediaType = body === undefined ? undefined : (reply.mediaType ?? 'application/json; charset=utf-8');
  let known = prepared.get(constant);
  if (known === undefined) prepared.set(constant, (known = []));
  for (const each of known) {
    if (each.block.status === status && each.mediaType === mediaType && each.contentPolicy === contentPolicy)
      return each.block;
  }
  const type = mediaType === undefined ? [] : ['Content-Type', mediaType];
  const block = headerBlock(status, [...constant, 'Content-Security-Policy', contentPolicy, ...type]);
  known.push({ contentPolicy, mediaType, block });
  return block;
}

function limitWriting(res: ServerResponse): void {
  const timer = setTimeout(() => res.destroy(), MAX_WRITE_MS);
  res.once('close', () => clearTimeout(timer));
}
