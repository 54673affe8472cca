import { invalidRequest, type RequestProblem } from '../response/request-problem.ts';

const ABSOLUTE = /^https?:\/\//i;

/** The URL parser beneath Express takes a path that begins like this for a host, if what follows is odd enough. */
const LIKE_A_HOST = /^\/[/\\][^@]*@/;

/**
 * Whether Express can make a path of it. Of other targets it makes none, or one with a warning on stderr; a client may send
 * anything here.
 */
export function isTarget(url: string): boolean {
  if (url.startsWith('/')) return !LIKE_A_HOST.test(url) || URL.canParse(`http:${url}`);
  return url === '*' || (ABSOLUTE.test(url) && URL.canParse(url));
}

export const badTarget = (): RequestProblem =>
  invalidRequest([{ pointer: '/path', detail: 'must be a path, or a whole http:// or https:// URL' }]);
