import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import cors from 'cors';
import helmet from 'helmet';

/** perf: names and values, alternating. `writeHead` takes this form without building an object; it takes no pairs. */
export type HeaderList = readonly string[];

/** Origins whose pages may read responses; an empty list sends no CORS headers. */
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
    // cors would send a Content-Length, which a 204 must not have (RFC 9110, section 8.6), and would omit our headers.
    preflightContinue: true,
  });

/**
 * Headers of every response except its content policy.
 * perf: 10 us a message, since helmet and cors run once at the start instead of for each request.
 */
export const constantHeaders = (origins: CorsOrigins): HeaderList =>
  origins === '*' ? headersWithoutRequest(origins) : basicHeaders();

/** The same headers for a response to bytes that never became a request, whose origin is therefore unknown. */
export const headersWithoutRequest = (origins: CorsOrigins): HeaderList =>
  origins.length === 0 ? basicHeaders() : [...basicHeaders(), ...recorded(corsHandler(origins))];

const basicHeaders = (): HeaderList => [
  'Cache-Control',
  'no-store',
  ...recorded(helmet.xContentTypeOptions()),
  ...recorded(helmet.referrerPolicy()),
];

/** Content policy of API responses: they load nothing and cannot be framed. */
export const API_POLICY = "default-src 'none';frame-ancestors 'none'";

type Middleware = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void;

class Recorder extends ServerResponse {
  /** Names as given; `getHeaders` would convert them to lower case. */
  readonly recorded = new Map<string, string>();

  override setHeader(name: string, value: number | string | readonly string[]): this {
    this.recorded.set(name, String(value));
    return super.setHeader(name, value);
  }
}

/** The headers that a middleware sets, recorded from a GET that is never sent. */
function recorded(middleware: Middleware): string[] {
  const req = new IncomingMessage(new Socket());
  req.method = 'GET';
  const res = new Recorder(req);
  middleware(req, res, (error) => {
    if (error !== undefined) throw new Error('constant headers cannot be recorded', { cause: error });
  });
  return [...res.recorded].flat();
}

/** Helmet's default for pages, without the upgrade to HTTPS, which would break pages served over plain HTTP. */
export const PAGE_POLICY =
  recorded(helmet.contentSecurityPolicy({ directives: { 'upgrade-insecure-requests': null } }))[1] ?? API_POLICY;

/**
 * Helmet's other headers, which only matter for pages and their assets. Strict-Transport-Security belongs to the proxy
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
