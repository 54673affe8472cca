import type { Kind } from './parsers.ts';

/** One setting. Flag, help, README, parsing and the type of `Settings` all follow from its row. */
export interface Row<T = unknown> {
  /** In the environment; the flag is the same in kebab case. */
  readonly name: string;
  readonly group: string;
  /** False: it is known, and giving it stops the start. */
  readonly built: boolean;
  readonly kind: Kind<T>;
  /** As a person would write it. None: the setting is absent unless given. */
  readonly default?: string;
  /** No flag, since command lines are visible to others; also as `NAME_FILE`; never shown. */
  readonly secret?: true;
  /** May hold credentials among other things: a flag like any other, but never shown. */
  readonly hidden?: true;
  readonly about: string;
}

export type Table = Readonly<Record<string, Row>>;
