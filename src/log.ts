import pino from 'pino';
import { readableLines, type TextStream } from './log/readable-lines.ts';

/** What the rest of the house may do with the logger. */
export type Log = Pick<pino.Logger, 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal'> & {
  /** Absent: the log writes every level. */
  readonly isLevelEnabled?: (level: string) => boolean;
};
export type LogLevel = pino.LevelWithSilent;
export type LogFormat = 'auto' | 'json' | 'pretty';

const HIDDEN = '[hidden]';
/** Deeper than anything worth a log line; bounds the cost of an object that somebody logs whole. */
const MAX_DEPTH = 6;
/** Characters. Bounds the search of a text that somebody logs whole to a few milliseconds. */
const MAX_TEXT = 8_192;

/** Fields whose values never reach a line, at any depth. Compared in lower case, without `-` and `_`. */
const hiddenFields = new Set([
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
const hiddenEnding = /(token|secret|password|credential|apikey)s?$/;

const isHidden = (field: string): boolean => {
  const name = field.toLowerCase().replace(/[-_]/g, '');
  return hiddenFields.has(name) || hiddenEnding.test(name);
};

/** What gives itself away inside free text: error messages quote their input, and people log whole bodies as text. */
const tellTales: readonly RegExp[] = [
  /v=0(?:\\r|\\n|[\r\n])[\s\S]*/g,
  /candidate:\S+ \d+ \w+ \d+ [^"\r\n]*/gi,
  /(?<=\b(?:Bearer|Basic)\s+)[\w.~+/=-]+/gi,
  /(?<=idempotency-key['"]?\s*[:=]\s*['"]?)[\w-]+/gi,
  /(?<=:\/\/)[^\s/@]+(?=@)/g,
  // A participant's token, then a JWT.
  /(?<![\w-])[\w-]{12}\.[\w-]{32}(?![\w-])/g,
  /(?<![\w-])eyJ[\w-]+\.[\w-]+\.[\w-]*/g,
  // What V8 quotes of a text that is not JSON.
  /(?<=Unexpected (?:token|non-whitespace|end|string|number)[^\n]*?, )(?:\.\.\.)?"[\s\S]*"(?:\.\.\.)?(?= is not valid JSON)/g,
];

/** The word at the cut goes too: half a token would not be known as one. */
const cut = (text: string): string =>
  text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT).replace(/\S+$/, '')}[cut]` : text;

const scrub = (text: string): string => tellTales.reduce((left, pattern) => left.replace(pattern, HIDDEN), cut(text));

/** Name, words, code, stack and causes; nothing else of an error, since libraries hang request bodies on theirs. */
function describeError(error: Error, depth: number): Record<string, unknown> {
  const { code } = error as { code?: unknown };
  return {
    type: error.name,
    message: scrub(error.message),
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(error.stack === undefined ? {} : { stack: scrub(error.stack) }),
    ...(error.cause === undefined ? {} : { cause: censor(error.cause, depth + 1) }),
    ...(error instanceof AggregateError ? { errors: censor(error.errors, depth + 1) } : {}),
  };
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function censorObject(value: object, depth: number): unknown {
  if (value instanceof Error) return describeError(value, depth);
  if (value instanceof Date) return value;
  if (depth >= MAX_DEPTH) return '[deep]';
  if (Array.isArray(value)) return value.map((item) => censor(item, depth + 1));
  // An incoming request, whole or as pino already took it apart: its headers and body stay out.
  if ('method' in value && 'url' in value) return { method: value.method, url: censor(value.url, depth) };
  if ('setHeader' in value && 'statusCode' in value) return { statusCode: value.statusCode };
  if (!isPlain(value)) return `[${value.constructor.name}]`;
  return censorFields(value, depth);
}

function censor(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return scrub(value);
  if (typeof value === 'bigint') return value.toString();
  return typeof value === 'object' && value !== null ? censorObject(value, depth) : value;
}

function censorFields(fields: object, depth: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, isHidden(name) ? HIDDEN : censor(value, depth + 1)]),
  );
}

/**
 * The service's logger: one JSON object per line, on standard output unless a destination is given.
 *
 * No session description, candidate, payload, token, secret, `Authorization` or `Idempotency-Key` reaches a line, whatever is
 * logged: pino's own `redact` knows fixed paths only, so every object is walked, and every text searched, on its way out.
 */
export function createLog(level: LogLevel, destination?: pino.DestinationStream): Log {
  const options: pino.LoggerOptions = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    // pino's own would describe the description of an error once more.
    serializers: { msg: (text: unknown) => censor(text, 0), err: (described: unknown) => described },
    formatters: {
      level: (label) => ({ level: label }),
      log: (fields) => censorFields(fields, 0),
    },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** Whether log lines are readable text; with `auto` only on a terminal. */
export const isReadable = (format: LogFormat, stream: TextStream = process.stdout): boolean =>
  format === 'pretty' || (format === 'auto' && stream.isTTY === true);

/** Creates the logger of the settings, on standard output. */
export const createLogOf = ({ logLevel, logFormat }: { logLevel: LogLevel; logFormat: LogFormat }): Log =>
  createLog(logLevel, isReadable(logFormat) ? readableLines(process.stdout) : undefined);
