import { styleText } from 'node:util';

/** The part of a writable stream that is needed here. */
export interface TextStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

type Style = Parameters<typeof styleText>[0];
type Line = Readonly<Record<string, unknown>>;

const LEVEL_STYLES: Readonly<Record<string, Style>> = {
  trace: 'dim',
  debug: 'dim',
  info: 'green',
  warn: 'yellow',
  error: 'red',
  fatal: 'red',
};
const INDENT = '    ';

/** Control characters except line breaks. A terminal would interpret them. */
const CONTROL = /[^\P{Cc}\n]/gu;
const printable = (text: string): string =>
  text.replaceAll(CONTROL, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);

const PLAIN = /^[\w.:/@+-]+$/;

function formatted(value: unknown): string {
  if (typeof value === 'string' && PLAIN.test(value)) return value;
  if (typeof value === 'number') return String(Number(value.toFixed(2)));
  return JSON.stringify(value);
}

const indented = (text: string): string => text.replaceAll(/\r?\n/g, `\n${INDENT}`);

/** An error as `createLog` serialises it: the stack, then the causes. */
function errorLines(error: unknown): string[] {
  if (typeof error !== 'object' || error === null) return [formatted(error)];
  const { stack, type, message, code, cause, errors } = error as Line;
  const text = typeof stack === 'string' ? stack : `${String(type)}: ${String(message)}`;
  return [
    code === undefined ? text : `${text}\ncode: ${formatted(code)}`,
    ...(Array.isArray(errors) ? errors.flatMap(errorLines) : []),
    ...(cause === undefined ? [] : errorLines(cause).map((line) => `caused by ${line}`)),
  ];
}

/** Local time, without the date. */
const timeOfDay = (time: unknown): string => new Date(String(time)).toTimeString().slice(0, 8);

function rendered({ level, time, msg, err, ...fields }: Line, style: (style: Style, text: string) => string): string {
  const name = String(level);
  const pairs = Object.entries(fields).map(([key, value]) => `${key}=${formatted(value)}`);
  const head = [
    style('dim', timeOfDay(time)),
    style(LEVEL_STYLES[name] ?? 'dim', name.padEnd(5)),
    indented(printable(typeof msg === 'string' ? msg : '')),
    ...(pairs.length === 0 ? [] : [style('dim', printable(pairs.join(' ')))]),
  ].join(' ');
  const lines = err === undefined ? [] : errorLines(err).map((text) => INDENT + indented(printable(text)));
  return `${[head, ...lines].join('\n')}\n`;
}

/** Converts the logger's JSON lines to readable lines; coloured on terminals that support it. */
export function readableLines(stream: TextStream): { write(line: string): void } {
  const style = (format: Style, text: string): string => (stream.isTTY === true ? styleText(format, text) : text);
  return { write: (line) => void stream.write(rendered(JSON.parse(line) as Line, style)) };
}
