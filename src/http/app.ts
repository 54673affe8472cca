import type { IncomingMessage, ServerResponse } from 'node:http';
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import type { Handler } from './request/call.ts';
import type { AppContext } from './context.ts';
import { route } from './request/pipeline.ts';
import {
  constantHeaders,
  corsHandler,
  headersWithoutRequest,
  type CorsOrigins,
  type HeaderList,
} from './response/headers.ts';
import { createFastPath } from './server/fast-path.ts';
import { finalErrorHandler } from './response/final-error-handler.ts';
import { operationRows, type Operation, type OperationId } from './operations/index.ts';
import type { Place } from './operations/row.ts';
import { serveAssets } from './pages/serve.ts';
import { DEMO, DOCS } from './pages/sites.ts';
import { prepareForExpress, type Prepared } from './server/express-prototypes.ts';
import { noContent, write } from './response/reply.ts';
import { isTarget, methodOverride, NO_METHOD, requestIdOf } from './request/head.ts';
import { badOverride, badTarget, methodNotAllowed, nothingAt } from './response/request-problem.ts';
import { HANDLERS } from './routes/index.ts';

/** The Express app, to mount in another app; and what a server of its own needs. */
export interface App {
  readonly app: Express;
  /** The classes that make listening with it cheap. */
  readonly prepared: Prepared;
  readonly answer: (req: IncomingMessage, res: ServerResponse) => void;
  readonly refuse: (req: IncomingMessage, res: ServerResponse, error: unknown) => void;
  /** Headers of an answer to what never became a request. */
  readonly withoutRequest: HeaderList;
}

/** Which part of the table an app serves: all of it, or its own share when operators have a port of their own. */
export type Face = 'whole' | 'public' | 'admin';

const FACES: Record<Place, readonly Face[]> = {
  public: ['whole', 'public'],
  admin: ['whole', 'admin'],
  'admin-only': ['admin'],
  everywhere: ['whole', 'public', 'admin'],
};

/** Everything that happens to a request, in order. */
export function createApp(context: AppContext, face: Face): App {
  // No page of any origin may read what is for operators.
  const corsOrigins = face === 'admin' ? [] : context.settings.corsOrigins;
  const constant = constantHeaders(corsOrigins);
  const app = express();
  const prepared = prepareForExpress(app);
  app.disable('x-powered-by').disable('etag');
  app.set('trust proxy', context.settings.trustProxy);
  app.enable('case sensitive routing');
  app.set('query parser', false); // parsed once, by the schema of the operation

  // No paths and no router of their own: every layer that matches a path costs each message a microsecond.
  if (corsOrigins.length > 0) app.use(preflight(corsOrigins, context, constant));
  app.use(methodOverride);
  // With a list of origins, each answer depends on who asks.
  const ownCors = corsOrigins === '*' || corsOrigins.length === 0 ? undefined : corsHandler(corsOrigins);
  if (ownCors !== undefined) app.use(ownCors);
  const routes = addRoutes(app, context, constant, face);
  if (face !== 'admin') addAssets(app, context, constant);
  app.use((req) => {
    const more = face === 'admin' ? '' : ` See ${req.baseUrl}/openapi.yaml.`;
    throw nothingAt(`${req.baseUrl}${req.path.slice(0, 200)}`, more);
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
  return { app, prepared, answer, refuse, withoutRequest: headersWithoutRequest(corsOrigins) };
}

/** What Express cannot begin with, or gave up on, ends here as well: its own last answer has another form, or never comes. */
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

/** The rows of the table; for every path, what its methods do and that it has no others. */
function addRoutes(app: Express, context: AppContext, constant: HeaderList, face: Face): Route[] {
  const routes: Route[] = [];
  const rows = operationRows().filter(([, { place = 'public' }]) => FACES[place].includes(face));
  const byPath = Map.groupBy(rows, ([, operation]) => operation.path);
  for (const [path, rows] of [...byPath].sort(messagesFirst)) {
    const at = app.route(path.replaceAll(/\{(\w+)\}/g, ':$1'));
    const refuse = refuseOtherMethods(rows.map(([, operation]) => operation));
    // Express would answer HEAD by the GET, and hold it.
    if (rows.some(([id]) => id === 'receiveMessages')) at.head(refuse);
    for (const [id, operation] of rows) routes.push(addRoute(at, id, operation, context, constant));
    at.all(refuse);
  }
  return routes;
}

/** What the pages are made of: below them, and in no table, since nothing but a page asks for it. */
function addAssets(app: Express, context: AppContext, constant: HeaderList): void {
  const sites = context.settings.demo === 'on' ? [DEMO, DOCS] : [DOCS];
  for (const site of sites) {
    app
      .route(`${site.path}/*path`)
      .get(serveAssets(site, context, constant))
      .all(refuseOtherMethods([{ method: 'GET' }]));
  }
}

type PathRows = [path: string, rows: ReturnType<typeof operationRows>];

/** Express tries its routes in order, and nearly every request is about messages. */
const messagesFirst = ([, [a]]: PathRows, [, [b]]: PathRows): number => rank(a) - rank(b);
const rank = (row: PathRows[1][number] | undefined): number => (row?.[1].tag === 'messages' ? 0 : 1);

interface Route {
  readonly operation: Operation;
  readonly handler: RequestHandler;
}

function addRoute(
  at: express.IRoute,
  id: OperationId,
  operation: Operation,
  context: AppContext,
  constant: HeaderList,
): Route {
  const method = operation.method.toLowerCase() as 'get' | 'post' | 'delete';
  const handler = route(id, operation, HANDLERS[id] as Handler<OperationId>, context, constant);
  at[method](handler);
  return { operation, handler };
}

function refuseOtherMethods(operations: readonly Pick<Operation, 'method'>[]): RequestHandler {
  const allow = operations.map(({ method }) => method).join(', ');
  return (req) => {
    if (req.method === NO_METHOD) throw badOverride();
    throw methodNotAllowed(req.method, allow);
  };
}

/** Answers a CORS preflight; every other OPTIONS is just a method that no path has. */
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
