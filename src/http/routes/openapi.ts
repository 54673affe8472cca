import type { Handler } from '../request/call.ts';
import type { Edge } from '../context.ts';
import { openApi30, openApiDocument, toYaml } from '../openapi/document.ts';
import { ok } from '../response/reply.ts';

interface Texts {
  readonly serverUrl: string;
  readonly yaml: string;
  readonly json: string;
  readonly json30: string;
}

/** Made when first asked for, since most processes never are; kept as text, since writing it takes a tenth of a second. */
const made = new WeakMap<Edge, Texts>();

function textsOf(edge: Edge, basePath: string): Texts {
  const serverUrl = basePath === '' ? '/' : basePath;
  const kept = made.get(edge);
  if (kept?.serverUrl === serverUrl) return kept;
  const document = openApiDocument({ bounds: edge.settings, version: edge.version, serverUrl });
  const yaml = toYaml(document);
  const texts = { serverUrl, yaml, json: JSON.stringify(document), json30: JSON.stringify(openApi30(document)) };
  made.set(edge, texts);
  return texts;
}

export const getOpenapiYaml: Handler<'getOpenapiYaml'> = ({ basePath }, edge) => ({
  status: 200,
  mediaType: 'application/yaml; charset=utf-8',
  body: textsOf(edge, basePath).yaml,
});

export const getOpenapiJson: Handler<'getOpenapiJson'> = ({ basePath }, edge) => ok(textsOf(edge, basePath).json);

export const getOpenapi30Json: Handler<'getOpenapi30Json'> = ({ basePath }, edge) => ok(textsOf(edge, basePath).json30);
