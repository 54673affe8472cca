import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import type { AppContext } from './context.ts';
import { operationRows, type Audience, type Operation } from './operations/index.ts';
import { serveAssets } from './pages/serve.ts';
import { DEMO, DOCS } from './pages/sites.ts';
import { isTarget, methodOverride, NO_METHOD, requestIdOf } from './request/head.ts';
import { route } from './request/pipeline.ts';
import { isSocketPath } from './request/upgrade.ts';
import { serveUpgrade } from './server/upgrade.ts';
import { finalErrorHandler } from './response/final-error-handler.ts';
import {
  constantHeaders,
  corsHandler,
  headersWithoutRequest,
  type CorsOrigins,
  type HeaderList,
} from './response/headers.ts';
import { noContent, write } from './response/reply.ts';
import { badOverride, badTarget, methodNotAllowed, nothingAt } from './response/request-problem.ts';
import { handlerOf } from './routes/index.ts';
import { prepareForExpress, type Prepared } from './server/express-prototypes.ts';
import { createFastPath, type FastPathRoute } from './server/fast-path.ts';

/** The Express app for mounting in another app, and the parts that a standalone server needs. */
export interface App {
  readonly app: Express;
  /** Request and response classes that make Express cheaper in a standalone server. */
  readonly prepared: Prepared;
  readonly answer: (req: IncomingMessage, res: ServerResponse) => void;
  readonly refuse: (req: IncomingMessage, res: ServerResponse, error: unknown) => void;
  readonly hasSocket: boolean;
  /** Takes an upgrade on the path of the socket, for a service that is mounted under `basePath`. */
  readonly upgrade: (req: IncomingMessage, socket: Duplex, head: Buffer, basePath: string) => boolean;
  /** Headers of a response to bytes that never became a request. */
  readonly withoutRequest: HeaderList;
}

/**
 * Builds the app with every step that a request passes through, in order.
 * @param audiences the audiences whose operations this port serves
 */
export function createApp(context: AppContext, audiences: readonly Audience[]): App {
  const isPublic = audiences.includes('public');
  // Web pages must not read operator endpoints.
  const corsOrigins = isPublic ? context.settings.corsOrigins : [];
  const constant = constantHeaders(corsOrigins);
  const app = express();
  const prepared = prepareForExpress(app);
  app.disable('x-powered-by').disable('etag');
  app.set('trust proxy', context.settings.trustProxy);
  app.enable('case sensitive routing');
  app.set('query parser', false); // parsed once, by the schema of the operation

  // perf: no paths and no router of their own, since each layer that matches a path costs a message 1 us.
  if (corsOrigins.length > 0) app.use(preflight(corsOrigins, context, constant));
  app.use(methodOverride);
  // A list of origins makes the headers depend on the request's origin.
  const ownCors = corsOrigins === '*' || corsOrigins.length === 0 ? undefined : corsHandler(corsOrigins);
  if (ownCors !== undefined) app.use(ownCors);
  const routes = addRoutes(app, context, constant, audiences);
  if (isPublic) addAssets(app, context, constant);
  app.use((req) => {
    const guide = isPublic ? ` See ${req.baseUrl}/openapi.yaml.` : '';
    throw nothingAt(`${req.baseUrl}${req.path.slice(0, 200)}`, guide);
  });
  const onError = finalErrorHandler(context, constant);
  app.use(onError);
  const fastPath = createFastPath(ownCors === undefined ? routes : [], onError);
  const refuse = refusal(ownCors, onError);
  const answer: App['answer'] = (req, res) => {
    if (fastPath(req, res)) return;
    if (isTarget(req.url ?? ''))
      app(req as Request, res as Response, (error: unknown) => refuse(req, res, error ?? badTarget()));
    else refuse(req, res, badTarget());
  };
  const upgrade: App['upgrade'] = (req, socket, head, basePath) => {
    if (!isSocketPath(req, basePath)) return false;
    serveUpgrade(req, socket, head, { answer: (request, res) => serveBelow(app, basePath, request, res) });
    return true;
  };
  const hasSocket = isPublic && context.sockets !== undefined;
  return { app, prepared, answer, refuse, hasSocket, upgrade, withoutRequest: headersWithoutRequest(corsOrigins) };
}

/** Calls the app as a parent app would that has mounted it under the path. */
function serveBelow(app: Express, basePath: string, req: IncomingMessage, res: ServerResponse): void {
  const { url = '' } = req;
  // Express adds these fields to its requests.
  Object.assign(req, { baseUrl: basePath, originalUrl: url });
  req.url = url.slice(basePath.length);
  app(req as Request, res as Response);
}

/** Answers requests that Express rejects before or after routing; its default reply is not problem+json. */
function refusal(ownCors: ReturnType<typeof corsHandler> | undefined, onError: ErrorRequestHandler): App['refuse'] {
  return (request, response, error) => {
    const [req, res] = [request as Request, response as Response];
    req.baseUrl = '';
    const next = (): void => void onError(error, req, res, ignore);
    if (ownCors === undefined || res.headersSent) next();
    else ownCors(req, res, next);
  };
}

const ignore = (): void => undefined;

/** Adds the operations of these audiences and, for each path, a refusal of unsupported methods. */
function addRoutes(
  app: Express,
  context: AppContext,
  constant: HeaderList,
  audiences: readonly Audience[],
): FastPathRoute[] {
  const isServed = ({ audience, isSocket }: Operation): boolean =>
    [audience].flat().some((each) => audiences.includes(each)) && (isSocket !== true || context.sockets !== undefined);
  const rows = operationRows().filter(([, operation]) => isServed(operation));
  const routes: FastPathRoute[] = [];
  for (const [path, ofPath] of Map.groupBy(rows, ([, operation]) => operation.path)) {
    const at = app.route(path.replaceAll(/\{(\w+)\}/g, ':$1'));
    const refuse = refuseOtherMethods(ofPath.map(([, operation]) => operation));
    // Otherwise Express would handle HEAD like GET, and hold it.
    const isHeld = ({ method, isPoll, isSocket }: Operation): boolean =>
      method === 'GET' && (isPoll === true || isSocket === true);
    if (ofPath.some(([, operation]) => isHeld(operation))) at.head(refuse);
    for (const [id, operation] of ofPath) {
      const handler = route({ id, operation, handler: handlerOf(id) }, context, constant);
      at[operation.method.toLowerCase() as Lowercase<Operation['method']>](handler);
      routes.push({ operation, handler });
    }
    at.all(refuse);
  }
  return routes;
}

/** Serves the files that the pages load. They are not in the table of operations, since only pages request them. */
function addAssets(app: Express, context: AppContext, constant: HeaderList): void {
  const sites = context.settings.demo === 'on' ? [DEMO, DOCS] : [DOCS];
  for (const site of sites) {
    app
      .route(`${site.path}/*path`)
      .get(serveAssets(site, context, constant))
      .all(refuseOtherMethods([{ method: 'GET' }]));
  }
}

function refuseOtherMethods(operations: readonly Pick<Operation, 'method'>[]): RequestHandler {
  const allow = operations.map(({ method }) => method).join(', ');
  return (req) => {
    if (req.method === NO_METHOD) throw badOverride();
    throw methodNotAllowed(req.method, allow);
  };
}

/** Answers a CORS preflight. Other OPTIONS requests are handled as an unsupported method. */
function preflight(corsOrigins: CorsOrigins, { log }: AppContext, constant: HeaderList): RequestHandler {
  const cors = corsHandler(corsOrigins);
  return (req, res, next): void => {
    if (req.method !== 'OPTIONS' || req.headers['access-control-request-method'] === undefined) next();
    else {
      const requestId = requestIdOf(req);
      cors(req, res, () => write(res, constant, requestId, noContent));
      log.debug({ requestId, operation: 'preflight', status: noContent.status }, 'answered');
    }
  };
}
