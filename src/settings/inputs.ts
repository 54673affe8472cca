import { readFileSync } from 'node:fs';
import { SettingError } from './errors.ts';
import { flagOf } from './flags.ts';
import { quoted } from './quoted.ts';
import type { Row } from './row.ts';

/** What somebody gave for one setting. */
export interface Input {
  /** The setting as it was called there: `MAX_WAIT_SECONDS`, `--max-wait-seconds`, `maxWaitSeconds`. */
  readonly name: string;
  /** For error messages: never a secret's value. */
  readonly shown: string;
  readonly value: () => unknown;
}

/** @returns undefined when nothing was given. */
export type Inputs = (key: string, row: Row) => Input | undefined;

export type Environment = Readonly<Record<string, string | undefined>>;

function shown(row: Row, value: unknown): string {
  if (row.secret || row.hidden) return '(value not shown)';
  if (typeof value === 'string') return quoted(value);
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : `of type ${typeof value}`;
}

const textInput = (row: Row, name: string, text: string): Input => ({
  name,
  shown: shown(row, text),
  value: () => row.kind.fromText(text),
});

/** Without its final newline, which most editors and `echo` add. */
function contents(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    const { code = 'no reason known' } = error as NodeJS.ErrnoException;
    throw new SettingError(`${name} ${quoted(path)} cannot be read (${code}): allowed is a readable file`);
  }
}

const fileInput = (row: Row, name: string, path: string): Input => ({
  name,
  shown: quoted(path),
  value: () => row.kind.fromText(contents(name, path)),
});

export function fromCommand(env: Environment, flags: ReadonlyMap<string, string>): Inputs {
  return (_key, row) => {
    const flag = flags.get(row.name);
    if (flag !== undefined) return textInput(row, flagOf(row), flag);
    const text = env[row.name];
    const fileName = `${row.name}_FILE`;
    const path = row.secret ? env[fileName] : undefined;
    if (text !== undefined && path !== undefined) {
      throw new SettingError(`${row.name} and ${fileName} are both given: allowed is one of them`);
    }
    if (path !== undefined) return fileInput(row, fileName, path);
    return text === undefined ? undefined : textInput(row, row.name, text);
  };
}

/** Values that a program hands in. */
export function fromValues(values: Readonly<Record<string, unknown>>): Inputs {
  return (key, row) => {
    const value = values[key];
    if (value === undefined) return undefined;
    return { name: key, shown: shown(row, value), value: () => value };
  };
}
