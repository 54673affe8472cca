import { readFileSync } from 'node:fs';
import { type Definition, type Definitions, SettingError, type ValuesOf } from './definition.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A value that was given for a setting. */
export interface Input {
  /** The name under which it was given: `MAX_WAIT_SECONDS`, `--max-wait-seconds` or `maxWaitSeconds`. */
  readonly name: string;
  /** The value for error messages; never a secret. */
  readonly shown: string;
  readonly value: unknown;
}

/** A text that was given under another name than the environment's, such as a flag. */
export interface GivenText {
  readonly name: string;
  readonly text: string;
}

/** Returns `undefined` for a setting that was not given. */
export type Source = (key: string, definition: Definition) => Input | undefined;

/** The given inputs, by key of the setting. */
export type Inputs = ReadonlyMap<string, Input>;

const LONGEST_SHOWN = 80;

/** Quotes a text for an error message of one line. Text before an `@` may be the password of a URL. */
export function quoted(text: string): string {
  const safe = text.replace(/^([a-z]+:\/{0,2})?.*@/is, '$1***@');
  return JSON.stringify(safe.length > LONGEST_SHOWN ? `${safe.slice(0, LONGEST_SHOWN)}...` : safe);
}

function shown({ secret, redacted }: Definition, value: unknown): string {
  if (secret || redacted) return '(value not shown)';
  if (typeof value === 'string') return quoted(value);
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : `of type ${typeof value}`;
}

const textInput = (definition: Definition, name: string, text: string): Input => ({
  name,
  shown: shown(definition, text),
  value: definition.parser.fromText(text),
});

/** Reads a file without its final newline, which most editors and `echo` add. */
function contents(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    const { code = 'no reason known' } = error as NodeJS.ErrnoException;
    throw new SettingError(`${name} ${quoted(path)} cannot be read (${code}): allowed is a readable file`);
  }
}

/** Reads environment variables and, for secrets, the files that `NAME_FILE` names. */
export const fromEnvironment =
  (env: Environment): Source =>
  (_key, definition) => {
    const { name, secret } = definition;
    const text = env[name];
    const fileName = `${name}_FILE`;
    const path = secret ? env[fileName] : undefined;
    if (path === undefined) return text === undefined ? undefined : textInput(definition, name, text);
    if (text !== undefined) throw new SettingError(`${name} and ${fileName} are both given: allowed is one of them`);
    return { name: fileName, shown: quoted(path), value: definition.parser.fromText(contents(fileName, path)) };
  };

/** Texts from elsewhere, by the name of the environment variable. */
export const fromTexts =
  (texts: ReadonlyMap<string, GivenText>): Source =>
  (_key, definition) => {
    const given = texts.get(definition.name);
    return given && textInput(definition, given.name, given.text);
  };

/** Parsed values that a program passes in. */
export const fromValues =
  (values: Readonly<Record<string, unknown>>): Source =>
  (key, definition) => {
    const value = values[key];
    return value === undefined ? undefined : { name: key, shown: shown(definition, value), value };
  };

/**
 * Collects the given input of each setting. The first source that has a setting wins; later sources are not read for
 * it.
 */
export function collectInputs(definitions: Definitions, sources: readonly Source[]): Inputs {
  const inputs = new Map<string, Input>();
  for (const [key, definition] of Object.entries(definitions)) {
    for (const source of sources) {
      const input = source(key, definition);
      if (input === undefined) continue;
      inputs.set(key, input);
      break;
    }
  }
  return inputs;
}

function parse({ parser }: Definition, { name, shown, value }: Input): unknown {
  const result = parser.schema.safeParse(value);
  if (result.success) return result.data;
  const [entry] = result.error.issues[0]?.path ?? [];
  const where = typeof entry === 'number' ? `, entry ${entry + 1}` : '';
  throw new SettingError(`${name} ${shown} cannot be used${where}: allowed is ${parser.allowed}`);
}

/** The defaults of a table of settings, parsed. A default that its own parser refuses throws. */
export const parseDefaults = <T extends Definitions>(definitions: T): ValuesOf<T> =>
  // Holds because every key is mapped, each by the parser from which `ValuesOf` takes its type.
  Object.fromEntries(
    Object.entries(definitions).map(([key, definition]) => [
      key,
      definition.default === undefined
        ? undefined
        : parse(definition, textInput(definition, definition.name, definition.default)),
    ]),
  ) as ValuesOf<T>;

/**
 * Parses the given inputs; defaults fill the rest.
 * @throws SettingError for the first setting, in the order of the table, that cannot be used
 */
export function parseInputs<T extends Definitions>(definitions: T, inputs: Inputs, defaults: ValuesOf<T>): ValuesOf<T> {
  const given = Object.entries(definitions).flatMap(([key, definition]) => {
    const input = inputs.get(key);
    return input === undefined ? [] : [[key, parse(definition, input)] as const];
  });
  return { ...defaults, ...Object.fromEntries(given) };
}
