export type ResponseHeader =
  | 'Idempotency-Replayed'
  | 'X-Accel-Buffering'
  | 'Cache-Control'
  | 'X-Request-Id'
  | 'Retry-After'
  | 'RateLimit'
  | 'RateLimit-Policy'
  | 'WWW-Authenticate';

type HeaderObject = {
  description: string;
  required: boolean;
  schema: { type: 'string' | 'integer' | 'boolean'; minimum?: number };
  example: string | number | boolean;
};

const text = (description: string, example: string, required = true): HeaderObject => ({
  description,
  required,
  schema: { type: 'string' },
  example,
});

export const RESPONSE_HEADERS: Record<ResponseHeader, HeaderObject> = {
  'Cache-Control': text('Caches must not store the response.', 'no-store'),
  'X-Request-Id': text('Identifies this request in the log of the server.', '6c9fecd4-0fc1-41a1-9146-2021ab39bdf2'),
  'X-Accel-Buffering': text('Asks a buffering proxy to pass the response on at once.', 'no'),
  'WWW-Authenticate': text(
    'How to authenticate (RFC 6750). Has `error="invalid_token"` when a Bearer credential arrived and was refused, and lacks it ' +
      'when none arrived.',
    'Bearer realm="holdline", error="invalid_token"',
  ),
  RateLimit: text('What remains of the rate limit (IETF RateLimit fields).', '"messages";r=0;t=1', false),
  'RateLimit-Policy': text('The rate limit (IETF RateLimit fields).', '"messages";q=200;w=4', false),
  'Retry-After': {
    description: 'Seconds to wait before sending the same request again.',
    required: true,
    schema: { type: 'integer', minimum: 0 },
    example: 1,
  },
  'Idempotency-Replayed': {
    description: '`true` when the response is the stored one of an earlier request with the same `Idempotency-Key`.',
    required: false,
    schema: { type: 'boolean' },
    example: true,
  },
};

/** Headers of every response. */
export const COMMON_HEADERS = ['X-Request-Id', 'Cache-Control'] as const satisfies readonly ResponseHeader[];

export function headerRefs(names: readonly ResponseHeader[]): Record<string, { $ref: string }> {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}
