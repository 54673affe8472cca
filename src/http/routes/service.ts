import type { AppContext } from '../context.ts';
import { openApi30, openApiDocument, toYaml } from '../openapi/document.ts';
import type { Handler } from '../request/call.ts';
import { ok } from '../response/reply.ts';
import { shuttingDown } from '../response/request-problem.ts';

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

export const getMetrics: Handler<'getMetrics'> = async (_call, { observability }) => ({
  status: 200,
  mediaType: 'text/plain; version=0.0.4; charset=utf-8',
  body: await observability.metrics(),
});

export const getOpenapiYaml: Handler<'getOpenapiYaml'> = ({ basePath }, context) => ({
  status: 200,
  mediaType: 'application/yaml; charset=utf-8',
  body: descriptionOf(context, basePath).yaml,
});

export const getOpenapiJson: Handler<'getOpenapiJson'> = ({ basePath }, context) =>
  ok(descriptionOf(context, basePath).json);

export const getOpenapi30Json: Handler<'getOpenapi30Json'> = ({ basePath }, context) =>
  ok(descriptionOf(context, basePath).json30);

interface Description {
  readonly serverUrl: string;
  readonly yaml: string;
  readonly json: string;
  readonly json30: string;
}

/** Built on the first request, since most processes never get one. Cached, since building takes 0.1 s. */
const descriptions = new WeakMap<AppContext, Description>();

function descriptionOf(context: AppContext, basePath: string): Description {
  const serverUrl = basePath === '' ? '/' : basePath;
  const kept = descriptions.get(context);
  if (kept?.serverUrl === serverUrl) return kept;
  const document = openApiDocument({ bounds: context.settings, version: context.version, serverUrl });
  const yaml = toYaml(document);
  const description = { serverUrl, yaml, json: JSON.stringify(document), json30: JSON.stringify(openApi30(document)) };
  descriptions.set(context, description);
  return description;
}
