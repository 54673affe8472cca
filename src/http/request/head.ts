import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';

// The parts of the request head that are needed before the operation is known: id, method, form of the target.

const ACCEPTED_ID = /^[\w.:/+=@-]{1,128}$/;

/** The `X-Request-Id` that a proxy set, so that both logs can be joined; otherwise a new one. */
export function requestIdOf(req: IncomingMessage): string {
  const given = req.headers['x-request-id'];
  return typeof given === 'string' && ACCEPTED_ID.test(given) ? given : randomUUID();
}

/** Stands for a method whose override is refused. No path supports it, so an unknown path still returns 404 first. */
export const NO_METHOD = 'NONE';

const OVERRIDABLE = ['POST', 'DELETE'];

/** Strict proxies pass only GET and POST, so a DELETE may arrive as a POST with `X-HTTP-Method-Override: DELETE`. */
export const methodOverride: RequestHandler = (req, _res, next): void => {
  const override = req.headers['x-http-method-override'];
  if (override !== undefined)
    req.method = isDelete(override) && OVERRIDABLE.includes(req.method) ? 'DELETE' : NO_METHOD;
  next();
};

const isDelete = (override: string | string[]): boolean =>
  typeof override === 'string' && override.toUpperCase() === 'DELETE';

const ABSOLUTE = /^https?:\/\//i;

/** The URL parser of Express reads the start of such a path as a host, and throws if the rest cannot follow a host. */
const LIKE_A_HOST = /^\/[/\\][^@]*@/;

/**
 * Whether Express can derive a path from the request target. For other targets, Express finds no path or warns on
 * stderr.
 */
export function isTarget(url: string): boolean {
  if (url.startsWith('/')) return !LIKE_A_HOST.test(url) || URL.canParse(`http:${url}`);
  return url === '*' || (ABSOLUTE.test(url) && URL.canParse(url));
}
