import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import type { Handler } from './call.ts';
import type { Edge } from './edge.ts';
import { route } from './handle.ts';
import { constantHeaders, corsHandler, type HeaderList } from './headers.ts';
import { createLane, type Lane } from './lane.ts';
import { badOverride, methodOverride, NO_METHOD } from './method-override.ts';
import { operationRows, type Operation, type OperationId } from './operations.ts';
import type { Place } from './operations/row.ts';
import { serveAssets } from './pages/serve.ts';
import { DEMO, DOCS } from './pages/sites.ts';
import { isInternal, problemReply } from './problem.ts';
import { prepareForExpress, type Prepared } from './prototypes.ts';
import { noContent, write } from './reply.ts';
import { requestIdOf } from './request-id.ts';
import { invalidRequest, RequestProblem } from './request-problem.ts';
import { HANDLERS } from './routes/index.ts';

/** The Express app, to listen with or to mount in another app; and the classes that make listening with it cheap. */
export interface App {
  readonly app: Express;
  readonly prepared: Prepared;
  /** To be asked before the app. */
  readonly lane: Lane;
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
export function createApp(edge: Edge, face: Face): App {
  // No page of any origin may read what is for operators.
  const corsOrigins = face === 'admin' ? [] : edge.settings.corsOrigins;
  const constant = constantHeaders(corsOrigins);
  const app = express();
  const prepared = prepareForExpress(app);
  app.disable('x-powered-by').disable('etag');
  app.set('trust proxy', edge.settings.trustProxy);
  app.enable('case sensitive routing');
  app.set('query parser', false); // parsed once, by the schema of the operation

  // No paths and no router of their own: every layer that matches a path costs each message a microsecond.
  app.use(preflight(corsOrigins, constant), methodOverride);
  if (corsOrigins !== '*') app.use(corsHandler(corsOrigins));
  const routes = addRoutes(app, edge, constant, face);
  if (face !== 'admin') addAssets(app, edge, constant);
  app.use((req) => {
    throw new RequestProblem(
      'not-found',
      `There is nothing at ${req.path.slice(0, 200)}. See ${req.baseUrl}/openapi.yaml.`,
    );
  });
  const onError = lastResort(edge, constant);
  app.use(onError);
  // With a list of origins, each answer depends on who asks.
  return { app, prepared, lane: createLane(corsOrigins === '*' ? routes : [], onError) };
}

/** The rows of the table; for every path, what its methods do and that it has no others. */
function addRoutes(app: Express, edge: Edge, constant: HeaderList, face: Face): Route[] {
  const routes: Route[] = [];
  const rows = operationRows().filter(([, { place = 'public' }]) => FACES[place].includes(face));
  const byPath = Map.groupBy(rows, ([, operation]) => operation.path);
  for (const [path, rows] of [...byPath].sort(messagesFirst)) {
    const at = app.route(path.replaceAll(/\{(\w+)\}/g, ':$1'));
    const refuse = refuseOtherMethods(rows.map(([, operation]) => operation));
    // Express would answer HEAD by the GET, and hold it.
    if (rows.some(([id]) => id === 'receiveMessages')) at.head(refuse);
    for (const [id, operation] of rows) routes.push(addRoute(at, id, operation, edge, constant));
    at.all(refuse);
  }
  return routes;
}

/** What the pages are made of: below them, and in no table, since nothing but a page asks for it. */
function addAssets(app: Express, edge: Edge, constant: HeaderList): void {
  const sites = edge.settings.demo === 'on' ? [DEMO, DOCS] : [DOCS];
  for (const site of sites) {
    app
      .route(`${site.path}/*path`)
      .get(serveAssets(site, edge, constant))
      .all(refuseOtherMethods([{ method: 'GET' }]));
  }
}

type CorsOrigins = Edge['settings']['corsOrigins'];
type PathRows = [path: string, rows: ReturnType<typeof operationRows>];

/** Express tries its routes in order, and nearly every request is about messages. */
const messagesFirst = ([, [a]]: PathRows, [, [b]]: PathRows): number => rank(a) - rank(b);
const rank = (row: PathRows[1][number] | undefined): number => (row?.[1].tag === 'messages' ? 0 : 1);

interface Route {
  readonly operation: Operation;
  readonly handler: RequestHandler;
}

function addRoute(at: express.IRoute, id: OperationId, operation: Operation, edge: Edge, constant: HeaderList): Route {
  const method = operation.method.toLowerCase() as 'get' | 'post' | 'delete';
  const handler = route(id, operation, HANDLERS[id] as Handler<OperationId>, edge, constant);
  at[method](handler);
  return { operation, handler };
}

function refuseOtherMethods(operations: readonly Pick<Operation, 'method'>[]): RequestHandler {
  const allow = operations.map(({ method }) => method).join(', ');
  return (req) => {
    if (req.method === NO_METHOD) throw badOverride();
    throw new RequestProblem('method-not-allowed', `${req.method} does not work here; ${allow} does.`, {
      headers: { Allow: allow },
    });
  };
}

/** Answers a CORS preflight; every other OPTIONS is just a method that no path has. */
function preflight(corsOrigins: CorsOrigins, constant: HeaderList): RequestHandler {
  const cors = corsHandler(corsOrigins);
  return (req, res, next): void => {
    if (req.method !== 'OPTIONS' || req.headers['access-control-request-method'] === undefined) next();
    else cors(req, res, () => write(res, constant, requestIdOf(req), noContent));
  };
}

/** What fails outside a route: unknown paths and methods, undecodable URLs, faults of ours. */
function lastResort(edge: Edge, constant: HeaderList): ErrorRequestHandler {
  return (error: unknown, req: Request, res: Response, _next: unknown) => {
    const requestId = requestIdOf(req);
    const known =
      error instanceof URIError ? invalidRequest([{ pointer: '/path', detail: 'cannot be decoded' }]) : error;
    if (isInternal(known)) edge.log.error({ err: known, requestId }, 'request failed');
    if (res.headersSent) return void res.destroy();
    if (edge.isDraining()) res.shouldKeepAlive = false;
    const reply = problemReply(known, { basePath: req.baseUrl, requestId });
    write(res, constant, requestId, reply);
    edge.insight.answered('none', reply.status, reply.code, 0);
  };
}
