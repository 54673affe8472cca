import type { Parser } from './parsers.ts';

/**
 * One setting. Its flag, its lines in the help and the README, its parsing and its type in `Settings` derive from it.
 */
export interface Definition<T = unknown> {
  /** The environment variable. The flag has the same name in kebab case. */
  readonly name: string;
  /** Heading in the help. */
  readonly group: string;
  readonly parser: Parser<T>;
  /** Text in the form of the environment. A setting without a default is `undefined` unless given. */
  readonly default?: string;
  /**
   * Has no flag, because other users can read command lines. May be given as `NAME_FILE`. Errors do not show its value.
   */
  readonly secret?: true;
  /** Has a flag, but its value may contain credentials: errors do not show it. */
  readonly redacted?: true;
  readonly about: string;
}

export type Definitions = Readonly<Record<string, Definition>>;

type ValueOf<D extends Definition> = D extends { parser: Parser<infer T> }
  ? T | (D extends { default: string } ? never : undefined)
  : never;

/** The parsed values of a table of settings. */
export type ValuesOf<T extends Definitions> = { readonly [Key in keyof T]: ValueOf<T[Key]> };

/** A setting that cannot be used. The message is one line for the operator and never contains a secret. */
export class SettingError extends Error {
  override readonly name: string = 'SettingError';
}
