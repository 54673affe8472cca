import type { Handler } from '../call.ts';
import type { Edge } from '../edge.ts';
import { openApi30, openApiDocument, toYaml, type OpenApiDocument } from '../openapi.ts';
import { ok } from '../reply.ts';

/** Made when first asked for: most processes never are. */
const documents = new WeakMap<Edge, { readonly serverUrl: string; readonly document: OpenApiDocument }>();

function documentOf(edge: Edge, basePath: string): OpenApiDocument {
  const serverUrl = basePath === '' ? '/' : basePath;
  const made = documents.get(edge);
  if (made?.serverUrl === serverUrl) return made.document;
  const document = openApiDocument({ bounds: edge.settings, version: edge.version, serverUrl });
  documents.set(edge, { serverUrl, document });
  return document;
}

export const getOpenapiYaml: Handler<'getOpenapiYaml'> = ({ basePath }, edge) => ({
  status: 200,
  mediaType: 'application/yaml; charset=utf-8',
  body: toYaml(documentOf(edge, basePath)),
});

export const getOpenapiJson: Handler<'getOpenapiJson'> = ({ basePath }, edge) =>
  ok(JSON.stringify(documentOf(edge, basePath)));

export const getOpenapi30Json: Handler<'getOpenapi30Json'> = ({ basePath }, edge) =>
  ok(JSON.stringify(openApi30(documentOf(edge, basePath))));
