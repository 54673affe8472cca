import { listed, type Fault, type ProblemCode } from '../../wire/index.ts';

interface Extras {
  /** All faults of an invalid input. */
  readonly errors?: readonly Fault[];
  readonly headers?: Readonly<Record<string, string>>;
  /** The status, where HTTP requires one that differs from the code's. */
  readonly status?: number;
}

/**
 * A refusal by the HTTP layer itself. All such refusals are in this file; those of the rules are in
 * `signalling/errors.ts`.
 */
export class RequestProblem extends Error {
  override readonly name = 'RequestProblem';
  readonly code: ProblemCode;
  readonly extras: Extras;

  constructor(code: ProblemCode, detail: string, extras: Extras = {}) {
    super(detail);
    this.code = code;
    this.extras = extras;
  }
}

/** @param faults at least one */
export function invalidRequest(faults: Iterable<Fault>, status?: number): RequestProblem {
  const errors = listed(faults);
  const [first] = errors;
  const where = first === undefined ? '' : ` ${first.pointer}: ${first.detail}.`;
  const count = errors.length === 1 ? '1 fault' : `${errors.length} faults`;
  return new RequestProblem('invalid-request', `The request has ${count}.${where}`, {
    errors,
    ...(status !== undefined && { status }),
  });
}

export const badTarget = (): RequestProblem =>
  invalidRequest([{ pointer: '/path', detail: 'must be a path, or a whole http:// or https:// URL' }]);

export const undecodablePath = (): RequestProblem =>
  invalidRequest([{ pointer: '/path', detail: 'cannot be decoded' }]);

export const badOverride = (): RequestProblem =>
  invalidRequest([{ pointer: '/header/X-HTTP-Method-Override', detail: 'must be DELETE, on a POST' }]);

/** @param guide sentence that points clients to the API description; may be empty */
export const nothingAt = (path: string, guide: string): RequestProblem =>
  new RequestProblem('not-found', `There is nothing at ${path}.${guide}`);

export const methodNotAllowed = (method: string, allow: string): RequestProblem =>
  new RequestProblem('method-not-allowed', `This path does not take ${method}; it takes ${allow}.`, {
    headers: { Allow: allow },
  });

/** @param headers say which upgrade the path takes */
const upgradeRequired = (detail: string, headers: Readonly<Record<string, string>>): RequestProblem =>
  new RequestProblem('upgrade-required', detail, { headers: { Upgrade: 'websocket', ...headers } });

export const noUpgrade = (): RequestProblem =>
  upgradeRequired('This path needs a WebSocket: send `Upgrade: websocket` and `Connection: Upgrade`.', {
    Connection: 'Upgrade',
  });

/** RFC 6455, section 4.4. */
export const otherWebSocketVersion = (): RequestProblem =>
  upgradeRequired('The server supports version 13 of the WebSocket protocol.', { 'Sec-WebSocket-Version': '13' });

export const originRefused = (): RequestProblem =>
  new RequestProblem('forbidden', 'Pages of this origin may not open a socket: it is not in CORS_ORIGINS.');

/** @param faults at least one, of a frame */
export const invalidFrame = (faults: readonly Fault[]): RequestProblem => {
  const [{ pointer, detail } = { pointer: '/frame', detail: 'cannot be read' }] = faults;
  return new RequestProblem('invalid-request', `A frame cannot be taken. ${pointer}: ${detail}.`, { errors: faults });
};

export const noTunnel = (): RequestProblem =>
  new RequestProblem('method-not-allowed', 'The server is not a proxy and does not support CONNECT.', {
    headers: { Allow: 'GET, POST, DELETE' },
  });

export const shuttingDown = (): RequestProblem =>
  new RequestProblem(
    'shutting-down',
    'The server is shutting down. Send the same request again in a moment; nothing is lost.',
  );

export const compressedBody = (encoding: string): RequestProblem =>
  new RequestProblem(
    'unsupported-media-type',
    `Send the body uncompressed, without Content-Encoding: ${quote(encoding)}.`,
  );

/** @param type the `Content-Type` of the request */
export const notJsonType = (type: string | undefined): RequestProblem =>
  new RequestProblem(
    'unsupported-media-type',
    `Send JSON in UTF-8 with \`Content-Type: application/json\`${type === undefined ? '' : `, not ${quote(type)}`}. ` +
      `With curl: -H 'Content-Type: application/json'`,
  );

const quote = (text: string): string => `"${text.slice(0, 80)}"`;

/** @param bytes `undefined` while the rest of a chunked body is still to come */
export function bodyTooLarge(maxBytes: number, bytes?: number): RequestProblem {
  const size = bytes === undefined ? `more than ${maxBytes}` : String(bytes);
  return new RequestProblem('too-large', `The body has ${size} bytes; at most ${maxBytes} are allowed.`);
}

/** @param errors at least one, each pointing to a message above the limit */
export function messagesTooLarge(errors: readonly Fault[]): RequestProblem {
  const [first] = errors;
  return new RequestProblem('too-large', `${first?.pointer ?? ''} ${first?.detail ?? ''}.`, { errors });
}

export const notUtf8 = (): RequestProblem => new RequestProblem('invalid-json', 'The body is not UTF-8.');

/** @param position index of the character at which parsing failed, if known */
export const notJson = (position: string | undefined): RequestProblem =>
  new RequestProblem(
    'invalid-json',
    `The body is not JSON${position === undefined ? '' : ` (at character ${position})`}.`,
  );

export const noTrace = (): RequestProblem =>
  new RequestProblem(
    'not-found',
    'This process has no trace of the room: nothing has happened in it since the process started, or busier rooms have displaced it.',
  );

export const demoIsOff = (): RequestProblem =>
  new RequestProblem('not-found', 'The demo is switched off on this server (DEMO=off).');

export const noSuchAsset = (): RequestProblem => new RequestProblem('not-found', 'The page has no such file.');

export const noSuchCode = (basePath: string): RequestProblem =>
  new RequestProblem('not-found', `This problem code does not exist. ${basePath}/openapi.yaml lists all codes.`);
