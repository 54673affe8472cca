import pino from 'pino';
import { readableLines, type TextStream } from './log/readable-lines.ts';

/** The logger as the other modules see it. */
export type Log = Pick<pino.Logger, 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal'> & {
  /** When absent, every level counts as enabled. */
  readonly isLevelEnabled?: (level: string) => boolean;
};
export type LogLevel = pino.LevelWithSilent;
export type LogFormat = 'auto' | 'json' | 'pretty';

const HIDDEN = '[hidden]';
/** Levels of nesting. Bounds the cost of logging a large object; deeper values are not useful in a log line. */
const MAX_DEPTH = 6;
/** Characters. Bounds the search for sensitive text to a few milliseconds. */
const MAX_TEXT = 8_192;

/** Fields whose values are hidden at any depth. Compared in lower case, without `-` and `_`. */
const HIDDEN_FIELDS = new Set([
  'sdp',
  'candidate',
  'candidates',
  'payload',
  'payloads',
  'body',
  'rawbody',
  'rawheaders',
  'authorization',
  'proxyauthorization',
  'idempotencykey',
  'cookie',
  'setcookie',
]);
const HIDDEN_FIELD_ENDING = /(token|secret|password|credential|apikey)s?$/;

const isHidden = (field: string): boolean => {
  const name = field.toLowerCase().replace(/[-_]/g, '');
  return HIDDEN_FIELDS.has(name) || HIDDEN_FIELD_ENDING.test(name);
};

/** Sensitive parts of free text: error messages quote their input, and bodies may be logged as text. */
const SENSITIVE_TEXT: readonly RegExp[] = [
  // Session descriptions, then candidates.
  /v=0(?:\\r|\\n|[\r\n])[\s\S]*/g,
  /candidate:\S+ \d+ \w+ \d+ [^"\r\n]*/gi,
  /(?<=\b(?:Bearer|Basic)\s+)[\w.~+/=-]+/gi,
  /(?<=idempotency-key['"]?\s*[:=]\s*['"]?)[\w-]+/gi,
  /(?<=:\/\/)[^\s/@]+(?=@)/g,
  // Participant tokens, then JWTs.
  /(?<![\w-])[\w-]{12}\.[\w-]{32}(?![\w-])/g,
  /(?<![\w-])eyJ[\w-]+\.[\w-]+\.[\w-]*/g,
  // The part of an invalid JSON text that V8 quotes in its error.
  /(?<=Unexpected (?:token|non-whitespace|end|string|number)[^\n]*?, )(?:\.\.\.)?"[\s\S]*"(?:\.\.\.)?(?= is not valid JSON)/g,
];

/** Truncates text and drops the word at the cut: the patterns would not recognise half a token. */
const truncate = (text: string): string =>
  text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT).replace(/\S+$/, '')}[cut]` : text;

const redactText = (text: string): string =>
  SENSITIVE_TEXT.reduce((rest, pattern) => rest.replace(pattern, HIDDEN), truncate(text));

/**
 * Name, message, code, stack and causes. Other fields are dropped, because libraries attach request bodies to errors.
 */
function serializeError(error: Error, depth: number): Record<string, unknown> {
  const { code } = error as { code?: unknown };
  return {
    type: error.name,
    message: redactText(error.message),
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(error.stack === undefined ? {} : { stack: redactText(error.stack) }),
    ...(error.cause === undefined ? {} : { cause: redact(error.cause, depth + 1) }),
    ...(error instanceof AggregateError ? { errors: redact(error.errors, depth + 1) } : {}),
  };
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function redactObject(value: object, depth: number): unknown {
  if (value instanceof Error) return serializeError(value, depth);
  if (value instanceof Date) return value;
  if (depth >= MAX_DEPTH) return '[deep]';
  if (Array.isArray(value)) return value.map((item) => redact(item, depth + 1));
  // A request, as Node's object or as pino serialises it: without headers and body.
  if ('method' in value && 'url' in value) return { method: value.method, url: redact(value.url, depth) };
  if ('setHeader' in value && 'statusCode' in value) return { statusCode: value.statusCode };
  if (!isPlain(value)) return `[${value.constructor.name}]`;
  return redactFields(value, depth);
}

function redact(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint') return value.toString();
  return typeof value === 'object' && value !== null ? redactObject(value, depth) : value;
}

function redactFields(fields: object, depth: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, isHidden(name) ? HIDDEN : redact(value, depth + 1)]),
  );
}

/**
 * Creates a logger that writes one JSON object per line, to standard output unless a destination is given.
 *
 * No session description, candidate, payload, token, secret, `Authorization` or `Idempotency-Key` is ever written,
 * whatever the caller logs. pino's `redact` supports only fixed paths, so this logger walks every object and searches
 * every text (docs/adr/0023-log-redaction.md).
 */
export function createLog(level: LogLevel, destination?: pino.DestinationStream): Log {
  const options: pino.LoggerOptions = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    // pino's own serializer for errors would serialise the already serialised error again.
    serializers: { msg: (text: unknown) => redact(text, 0), err: (serialized: unknown) => serialized },
    formatters: {
      level: (label) => ({ level: label }),
      log: (fields) => redactFields(fields, 0),
    },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** Whether log lines are readable text; with `auto`, only on a terminal. */
export const isReadable = (format: LogFormat, stream: TextStream = process.stdout): boolean =>
  format === 'pretty' || (format === 'auto' && stream.isTTY === true);

/** Creates the logger that the settings ask for, on standard output. */
export const createServiceLog = ({ logLevel, logFormat }: { logLevel: LogLevel; logFormat: LogFormat }): Log =>
  createLog(logLevel, isReadable(logFormat) ? readableLines(process.stdout) : undefined);
