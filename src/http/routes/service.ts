import type { Handler } from '../call.ts';
import { ok } from '../reply.ts';
import { shuttingDown } from '../handle.ts';

export const getServiceInfo: Handler<'getServiceInfo'> = ({ basePath }, { version }) =>
  ok(`${JSON.stringify({ name: 'holdline', version, openapi: `${basePath}/openapi.yaml` }, null, 2)}\n`);

export const getHealth: Handler<'getHealth'> = () => ok('{"status":"ok"}');

export const getReadiness: Handler<'getReadiness'> = async (_call, { signalling, isDraining }) => {
  if (isDraining()) throw shuttingDown();
  await signalling.check();
  return ok('{"status":"ready"}');
};
