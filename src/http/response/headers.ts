import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import cors from 'cors';
import helmet from 'helmet';

/** Names and values, alternating: the form that `writeHead` takes without building an object. */
export type HeaderList = readonly string[];

/** Pages that may read answers; an empty list is none, and says nothing about it. */
export type CorsOrigins = '*' | readonly string[];

const PREFLIGHT_SECONDS = 7_200;

export const corsHandler = (origins: CorsOrigins) =>
  cors({
    origin: origins === '*' ? '*' : [...origins],
    methods: ['GET', 'POST', 'DELETE'],
    allowedHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key', 'X-HTTP-Method-Override'],
    exposedHeaders: [
      'Retry-After',
      'RateLimit',
      'RateLimit-Policy',
      'Idempotency-Replayed',
      'WWW-Authenticate',
      'X-Request-Id',
    ],
    maxAge: PREFLIGHT_SECONDS,
    // Its own answer has a Content-Length, which a 204 must not have (RFC 9110, section 8.6), and no other header of ours.
    preflightContinue: true,
  });

/**
 * What every answer carries but its content policy, as one array: running helmet and cors once at the start, instead of per request, spares each
 * message some 10 us.
 */
export const constantHeaders = (origins: CorsOrigins): HeaderList =>
  origins === '*' ? headersWithoutRequest(origins) : basicHeaders();

/** The same for an answer to what never became a request: whether its origin is in the list is not known. */
export const headersWithoutRequest = (origins: CorsOrigins): HeaderList =>
  origins.length === 0 ? basicHeaders() : [...basicHeaders(), ...recorded(corsHandler(origins))];

const basicHeaders = (): HeaderList => [
  'Cache-Control',
  'no-store',
  ...recorded(helmet.xContentTypeOptions()),
  ...recorded(helmet.referrerPolicy()),
];

/** An answer of the API is no page: it loads nothing and is framed nowhere. */
export const API_POLICY = "default-src 'none';frame-ancestors 'none'";

type Middleware = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void;

class Recorder extends ServerResponse {
  /** With the names as they were given, which `getHeaders` puts into lower case. */
  readonly recorded = new Map<string, string>();

  override setHeader(name: string, value: number | string | readonly string[]): this {
    this.recorded.set(name, String(value));
    return super.setHeader(name, value);
  }
}

/** The headers that a middleware sets on a GET that is never sent. */
function recorded(middleware: Middleware): string[] {
  const req = new IncomingMessage(new Socket());
  req.method = 'GET';
  const res = new Recorder(req);
  middleware(req, res, (error) => {
    if (error !== undefined) throw new Error('constant headers cannot be recorded', { cause: error });
  });
  return [...res.recorded].flat();
}

/** Helmet's own for pages; but a page that was loaded over plain HTTP, on a laptop or in a test, finds its parts there too. */
export const PAGE_POLICY =
  recorded(helmet.contentSecurityPolicy({ directives: { 'upgrade-insecure-requests': null } }))[1] ?? API_POLICY;

/**
 * Helmet's other headers, which only matter for pages and their parts. Strict-Transport-Security belongs to the proxy
 * that terminates TLS: sent from here, it could bind hosts of other owners.
 */
export const PAGE_HEADERS: HeaderList = recorded(
  helmet({
    contentSecurityPolicy: false,
    strictTransportSecurity: false,
    xContentTypeOptions: false,
    referrerPolicy: false,
  }),
);
