import type { SignallingCode } from '../../signalling/errors.ts';
import { SignallingError, type ExceededLimit } from '../../signalling/errors.ts';
import { pointerOf, PROBLEM_CODES, type Problem, type ProblemCode } from '../../wire/index.ts';
import type { HeaderList } from './headers.ts';
import type { Reply } from './reply.ts';
import { RequestProblem } from './request-problem.ts';

/** Does not compile while a code of the rules has no row in `PROBLEM_CODES`. */
const codeOf = (code: SignallingCode): ProblemCode => code;

/** Seconds after which a retry may succeed. */
const RETRY_AFTER_SECONDS: Partial<Record<ProblemCode, number>> = {
  'rate-limited': 1,
  'mailbox-full': 2,
  'too-many-polls': 5,
  'shutting-down': 1,
  'storage-unavailable': 2,
};

export interface ProblemPlace {
  /** The path under which the service is mounted; empty at the root. */
  readonly basePath: string;
  readonly requestId: string;
  /** The `Authorization` header of the request. */
  readonly authorization?: string | undefined;
  /** The problem goes into a frame of a socket, whose credential came in a frame, too. */
  readonly inFrame?: true;
  /** Whether the body is a batch: a refusal must then point to one of its messages. */
  readonly inBatch?: boolean;
}

/** The only place that turns an error into a response. Unknown errors become `internal` and reveal nothing. */
export function problemReply(error: unknown, place: ProblemPlace): Reply {
  const { code, detail, extras, headers, ...own } = describe(error, place);
  const { title, retryable } = PROBLEM_CODES[code];
  const { status = PROBLEM_CODES[code].status, retryAfterSeconds = RETRY_AFTER_SECONDS[code] } = own;
  const problem: Problem = {
    type: `${place.basePath}/problems/${code}`,
    title,
    status,
    detail,
    code,
    retryable,
    requestId: place.requestId,
    ...extras,
  };
  return {
    status,
    code,
    body: JSON.stringify(problem),
    mediaType: 'application/problem+json; charset=utf-8',
    headers: [...(retryAfterSeconds === undefined ? [] : ['Retry-After', String(retryAfterSeconds)]), ...headers],
  };
}

type Extras = Pick<Problem, 'errors' | 'reason' | 'resetCursor'>;
type Description = {
  code: ProblemCode;
  detail: string;
  extras: Extras;
  headers: HeaderList;
  status?: number;
  retryAfterSeconds?: number;
};

function describe(error: unknown, place: ProblemPlace): Description {
  if (error instanceof SignallingError) return describeRefusal(error, place);
  if (error instanceof RequestProblem) {
    const { errors, headers = {}, status } = error.extras;
    return {
      code: error.code,
      detail: error.message,
      extras: errors === undefined ? {} : { errors: [...errors] },
      headers: Object.entries(headers).flat(),
      ...(status !== undefined && { status }),
    };
  }
  return {
    code: 'internal',
    detail: 'The server failed to process the request. Its log has the details under the requestId.',
    extras: {},
    headers: [],
  };
}

function describeRefusal(error: SignallingError, place: ProblemPlace): Description {
  const { reason, resetCursor, messageIndex, limit } = error.details;
  const path = place.inBatch === true && messageIndex !== undefined ? ['messages', messageIndex] : undefined;
  const challenge =
    error.code === 'unauthenticated' && place.inFrame !== true ? challengeTo(place.authorization) : undefined;
  return {
    code: codeOf(error.code),
    detail: challenge === undefined ? error.message : `${error.message} ${challenge.arrived}`.trimEnd(),
    extras: {
      ...(reason === undefined ? {} : { reason }),
      ...(resetCursor === undefined ? {} : { resetCursor }),
      ...(path === undefined ? {} : { errors: [{ pointer: pointerOf(path, 'body'), detail: error.message }] }),
    },
    headers: [
      ...(challenge === undefined ? [] : ['WWW-Authenticate', challenge.header]),
      ...(limit === undefined ? [] : rateLimitFields(limit)),
    ],
    ...(limit === undefined ? {} : { retryAfterSeconds: limit.retryAfterSeconds }),
  };
}

/** The fields of draft-ietf-httpapi-ratelimit-headers, version 8 and later. */
const rateLimitFields = ({ name, quota, windowSeconds, remaining, retryAfterSeconds }: ExceededLimit): HeaderList => [
  'RateLimit-Policy',
  windowSeconds === undefined ? `"${name}";q=${quota}` : `"${name}";q=${quota};w=${windowSeconds}`,
  'RateLimit',
  `"${name}";r=${remaining};t=${retryAfterSeconds}`,
];

/** Whether to log the error: unknown errors, and refusals with a cause below the rules, such as a full disk. */
export const isInternal = (error: unknown): boolean =>
  error instanceof SignallingError ? error.details.cause !== undefined : !(error instanceof RequestProblem);

/** How a 401 response describes the credential of the request (RFC 6750, section 3). */
interface Challenge {
  /** The value of `WWW-Authenticate`. */
  readonly header: string;
  /** Describes what arrived instead of a Bearer credential; empty when one arrived. */
  readonly arrived: string;
}

/**
 * Schemes of the IANA registry, and two in wide use. Only these are repeated in the response: any other first word may
 * be a secret that was sent without a scheme.
 */
const OTHER_SCHEMES = [
  ...['Basic', 'Digest', 'Negotiate', 'NTLM', 'DPoP', 'OAuth', 'HOBA', 'Mutual', 'GNAP', 'vapid', 'PrivateToken'],
  ...['SCRAM-SHA-1', 'SCRAM-SHA-256', 'Concealed', 'AWS4-HMAC-SHA256', 'Token'],
];

const REALM = 'Bearer realm="holdline"';
const BEARER_CREDENTIAL = /^Bearer +\S/i;

/**
 * Distinguishes a missing credential from a refused one: RFC 6750 sends no error code when there is no Bearer
 * credential.
 * @param authorization the header of the request
 */
function challengeTo(authorization = ''): Challenge {
  if (BEARER_CREDENTIAL.test(authorization)) return { header: `${REALM}, error="invalid_token"`, arrived: '' };
  return { header: REALM, arrived: `The request carries ${whatArrived(authorization)}.` };
}

function whatArrived(authorization: string): string {
  if (authorization === '') return 'no `Authorization` header';
  const [first = ''] = authorization.split(' ', 1);
  if (/^Bearer$/i.test(first)) return 'the word Bearer without a token';
  const scheme = OTHER_SCHEMES.find((known) => known.toLowerCase() === first.toLowerCase());
  return scheme === undefined ? 'an `Authorization` header that does not begin with Bearer' : `${scheme} credentials`;
}
