import { checkAgreement, isOpenMode } from './cross-checks.ts';
import { SettingError } from './errors.ts';
import { readFlags } from './flags.ts';
import type { CommandLine } from './flags.ts';
import { helpText, markdownTable } from './help.ts';
import { fromCommand, fromValues } from './inputs.ts';
import type { Environment, Inputs } from './inputs.ts';
import { readTable } from './read.ts';
import type { ValuesOf } from './read.ts';
import { table } from './table.ts';

export { SettingError, UsageError } from './errors.ts';

type Values = ValuesOf<typeof table>;

/** Every setting, parsed and frozen. Units are in the names; bounds and defaults are in the README's table. */
export interface Settings extends Values {
  /** Neither access tokens nor API keys are set: anyone who knows a room's name may join it. Lifetimes are capped. */
  readonly openMode: boolean;
}

/** Cap in open mode: keeps anonymous clients from leaving participants or messages in rooms for a day. */
const OPEN_MODE_MAX_SECONDS = 300;
const LOWERED_IN_OPEN_MODE = [
  'defaultIdleTimeoutSeconds',
  'maxIdleTimeoutSeconds',
  'defaultTtlSeconds',
  'maxTtlSeconds',
] as const satisfies readonly (keyof Values)[];

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(frozen);
  return value;
}

function settle(inputs: Inputs): Settings {
  const values = readTable(table, inputs);
  checkAgreement(values, inputs);
  const openMode = isOpenMode(values);
  return frozen({ ...values, openMode, ...(openMode && loweredBounds(values)) });
}

const loweredBounds = (values: Values): Partial<Values> =>
  Object.fromEntries(LOWERED_IN_OPEN_MODE.map((key) => [key, Math.min(values[key], OPEN_MODE_MAX_SECONDS)]));

/**
 * Reads the settings of the `holdline` command. A flag wins over the environment; unknown variables are ignored.
 *
 * @param argv without the names of the runtime and the script
 * @throws UsageError for a command line that cannot be understood, SettingError for a setting that cannot be used: one line,
 * which names it as it was given, what was given (never a secret's value), and what is allowed.
 */
export function loadSettings({ env, argv }: { env: Environment; argv: readonly string[] }): Settings {
  return settle(fromCommand(env, readFlags(table, argv).given));
}

/**
 * The defaults with some settings replaced, for embedding: no environment is read. `openMode` follows from the others.
 *
 * @throws SettingError for a value out of its bounds and for a setting that does not exist.
 */
export function defaultSettings(overrides: Partial<Omit<Settings, 'openMode'>> = {}): Settings {
  const unknown = Object.keys(overrides).find((key) => key !== 'openMode' && !Object.hasOwn(table, key));
  if (unknown !== undefined)
    throw new SettingError(`${unknown} is not a setting: allowed are ${Object.keys(table).join(', ')}`);
  return settle(fromValues(overrides));
}

export const readCommandLine = (argv: readonly string[]): CommandLine => readFlags(table, argv);

export const settingsHelp = (): string => helpText(table);

/** The settings as a Markdown table. */
export const settingsTable = (): string => markdownTable(table);
