import type { Handler } from '../request/call.ts';
import { ok } from '../response/reply.ts';
import { shuttingDown } from '../request/pipeline.ts';
import { RequestProblem } from '../response/request-problem.ts';

export const getServiceInfo: Handler<'getServiceInfo'> = ({ basePath }, { version }) => {
  const info = { name: 'holdline', version, docs: `${basePath}/docs`, openapi: `${basePath}/openapi.yaml` };
  return ok(`${JSON.stringify(info, null, 2)}\n`);
};

export const getHealth: Handler<'getHealth'> = () => ok('{"status":"ok"}');

export const getReadiness: Handler<'getReadiness'> = async (_call, { signalling, isDraining }) => {
  if (isDraining()) throw shuttingDown();
  await signalling.check();
  return ok((await signalling.isStoreFull()) ? '{"status":"ready","store":"full"}' : '{"status":"ready"}');
};

export const getMetrics: Handler<'getMetrics'> = async (_call, { insight }) => ({
  status: 200,
  mediaType: 'text/plain; version=0.0.4; charset=utf-8',
  body: await insight.metrics(),
});

export const traceRoom: Handler<'traceRoom'> = ({ roomId }, { insight }) => {
  const body = insight.trace(roomId);
  if (body === undefined)
    throw new RequestProblem(
      'not-found',
      'This process has no trace of the room: nothing happened in it since the process started, or busier rooms displaced it.',
    );
  return { status: 200, mediaType: 'text/plain; charset=utf-8', body };
};
