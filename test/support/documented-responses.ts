import { type AnySchema, Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { openApiDocument } from '../../src/http/openapi/document.ts';
import type { OperationId } from '../../src/http/operations/index.ts';
import { DEFAULT_BOUNDS } from './bounds.ts';

type Reference = { readonly $ref: string };
type Header = { readonly required: boolean; readonly schema: { readonly type: string; readonly minimum?: number } };
type Media = { readonly schema: AnySchema };
type Response = { readonly headers?: Record<string, Reference>; readonly content?: Record<string, Media> };
type Operation = { readonly operationId: OperationId; readonly responses: Record<string, Reference | Response> };
type Document = {
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: {
    readonly schemas: Record<string, AnySchema>;
    readonly headers: Record<string, Header>;
    readonly responses: Record<string, Response>;
  };
};

/** The description of one response of one operation in the document. */
export type DocumentedResponse = {
  readonly mediaType: string | undefined;
  readonly validate: ValidateFunction | undefined;
  readonly headers: ReadonlyMap<string, Header>;
};

const COMPONENTS = 'https://holdline.test/components';

const document = exact(openApiDocument({ bounds: DEFAULT_BOUNDS, version: '0.0.0' })) as Document;
const ajv = new Ajv2020({ allErrors: true, strict: true });
formats.default(ajv);
ajv.addSchema({ $id: COMPONENTS, $defs: document.components.schemas });

const operations = new Map(
  Object.values(document.paths)
    .flatMap((path) => Object.values(path))
    .map((operation) => [operation.operationId, operation]),
);

export const validateProblem: ValidateFunction = ajv.compile({ $ref: `${COMPONENTS}#/$defs/Problem` });

/** Undefined if the operation does not document the status. */
export function documentedResponse(operationId: OperationId, status: number): DocumentedResponse | undefined {
  const documented = operations.get(operationId)?.responses[String(status)];
  if (!documented) return undefined;
  const response = '$ref' in documented ? document.components.responses[lastStep(documented)] : documented;
  const [mediaType, media] = Object.entries(response?.content ?? {})[0] ?? [];
  return { mediaType, validate: media && compiled(media), headers: headersOf(response) };
}

const validators = new WeakMap<Media, ValidateFunction>();

function compiled(media: Media): ValidateFunction {
  const validate = validators.get(media) ?? ajv.compile(media.schema);
  validators.set(media, validate);
  return validate;
}

function headersOf(response: Response | undefined): ReadonlyMap<string, Header> {
  const references = Object.entries(response?.headers ?? {});
  return new Map(
    references.flatMap(([name, reference]) => {
      const header = document.components.headers[lastStep(reference)];
      return header ? [[name.toLowerCase(), header] as const] : [];
    }),
  );
}

const lastStep = ({ $ref }: Reference) => $ref.slice($ref.lastIndexOf('/') + 1);

/** The document with closed objects: clients must accept unknown fields, but our own responses must have none. */
function exact(openApi: unknown): unknown {
  return JSON.parse(JSON.stringify(openApi), (key, value: unknown) => {
    if (key === '$ref') return String(value).replace('#/components/schemas/', `${COMPONENTS}#/$defs/`);
    const isOpen =
      typeof value === 'object' && value !== null && 'properties' in value && !('additionalProperties' in value);
    return isOpen ? { ...value, additionalProperties: false } : value;
  });
}
