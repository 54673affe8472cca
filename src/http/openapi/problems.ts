import type { ZodOpenApiExampleObject, ZodOpenApiResponseObject, ZodOpenApiResponsesObject } from 'zod-openapi';
import { CURSOR_EXAMPLE, type Problem, problem, PROBLEM_CODES, type ProblemCode } from '../../wire/index.ts';
import { COMMON_HEADERS, headerRefs, type ResponseHeader } from './headers.ts';

const PROBLEM_MEDIA_TYPE = 'application/problem+json';

const CODES = Object.keys(PROBLEM_CODES) as ProblemCode[];

const DETAILS: Partial<Record<ProblemCode, Partial<Problem>>> = {
  'invalid-request': { errors: [{ pointer: '/body/payload/sdp', detail: 'must start with "v=0"' }] },
  'participant-gone': { reason: 'timeout' },
  'cursor-expired': { resetCursor: CURSOR_EXAMPLE },
};

/** Cached, because an object with an `id` becomes a component only if every use is the same object. */
const EXAMPLES = new Map(CODES.map((code) => [code, exampleOf(code)]));
const RESPONSES = new Map<string, ZodOpenApiResponseObject>();

function exampleOf(code: ProblemCode): ZodOpenApiExampleObject {
  const { title, status, retryable } = PROBLEM_CODES[code];
  const value: Problem = {
    type: `/problems/${code}`,
    title,
    status,
    detail: `${title}.`,
    code,
    retryable,
    requestId: '6c9fecd4-0fc1-41a1-9146-2021ab39bdf2',
    ...DETAILS[code],
  };
  return { id: code, summary: title, value };
}

/** The error responses of an operation: one per status with its possible codes, and a typed default. */
export function problemResponses(codes: readonly ProblemCode[]): ZodOpenApiResponsesObject {
  const responses: ZodOpenApiResponsesObject = {};
  for (const [status, group] of Object.entries(Object.groupBy(inOrder(codes), (code) => PROBLEM_CODES[code].status))) {
    responses[status as '400'] = shared(group.map(pascalCase).join('Or'), () => describe(Number(status), group));
  }
  const fallback = () => ({ ...describe(500, ['internal']), description: 'Any other problem.' });
  return { ...responses, default: shared('AnyProblem', fallback) };
}

const inOrder = (codes: readonly ProblemCode[]) => CODES.filter((code) => codes.includes(code));

const pascalCase = (code: string) => code.replaceAll(/(?:^|-)(\w)/g, (_, first: string) => first.toUpperCase());

function shared(id: string, make: () => ZodOpenApiResponseObject): ZodOpenApiResponseObject {
  const response = RESPONSES.get(id) ?? { ...make(), id };
  RESPONSES.set(id, response);
  return response;
}

function describe(status: number, codes: readonly ProblemCode[]): ZodOpenApiResponseObject {
  return {
    description: codes.map((code) => `\`${code}\`: ${PROBLEM_CODES[code].title}.`).join(' '),
    headers: headerRefs([...COMMON_HEADERS, ...extraHeaders(status, codes)]),
    content: {
      [PROBLEM_MEDIA_TYPE]: {
        schema: problem,
        examples: Object.fromEntries(codes.map((code) => [code, EXAMPLES.get(code) ?? {}])),
      },
    },
  };
}

function extraHeaders(status: number, codes: readonly ProblemCode[]): ResponseHeader[] {
  if (status === 401) return ['WWW-Authenticate'];
  if (status === 503) return ['Retry-After'];
  if (status !== 429) return [];
  return codes.includes('rate-limited') ? ['Retry-After', 'RateLimit', 'RateLimit-Policy'] : ['Retry-After'];
}
