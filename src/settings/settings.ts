import { checkTogether, isOpenMode } from './cross-checks.ts';
import { SettingError, type ValuesOf } from './definition.ts';
import { definitions } from './definitions/index.ts';
import { collectInputs, fromEnvironment, fromTexts, fromValues, parseDefaults, parseInputs } from './sources.ts';
import type { Environment, GivenText, Source } from './sources.ts';

export { SettingError } from './definition.ts';

type Values = ValuesOf<typeof definitions>;

/** Every setting, parsed and frozen. Units are in the names; bounds and defaults are in the README's table. */
export interface Settings extends Values {
  /** Neither access tokens nor API keys are set: anyone who knows a room's name may join it. Lifetimes are capped. */
  readonly openMode: boolean;
}

/** Cap in open mode: keeps anonymous clients from leaving participants or messages in rooms for a day. */
const OPEN_MODE_MAX_SECONDS = 300;
const CAPPED_IN_OPEN_MODE = [
  'defaultIdleTimeoutSeconds',
  'maxIdleTimeoutSeconds',
  'defaultTtlSeconds',
  'maxTtlSeconds',
] as const satisfies readonly (keyof Values)[];

const DEFAULTS = parseDefaults(definitions);

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(frozen);
  return value;
}

const cappedLifetimes = (values: Values): Partial<Values> =>
  Object.fromEntries(CAPPED_IN_OPEN_MODE.map((key) => [key, Math.min(values[key], OPEN_MODE_MAX_SECONDS)]));

function settingsFrom(...sources: readonly Source[]): Settings {
  const inputs = collectInputs(definitions, sources);
  const values = parseInputs(definitions, inputs, DEFAULTS);
  checkTogether(values, inputs);
  const openMode = isOpenMode(values);
  return frozen({ ...values, openMode, ...(openMode && cappedLifetimes(values)) });
}

/**
 * Reads the settings of a process. Ignores environment variables that are not settings.
 *
 * @param overrides texts that win over the environment, by the name of the variable
 * @throws SettingError for a setting that cannot be used. The message is one line with its name, the given value (never
 * a secret's) and the allowed values.
 */
export const readSettings = (env: Environment, overrides: ReadonlyMap<string, GivenText> = new Map()): Settings =>
  settingsFrom(fromTexts(overrides), fromEnvironment(env));

/**
 * The defaults with some settings replaced, for embedding. Reads no environment. `openMode` follows from the others.
 *
 * @throws SettingError for a value out of its bounds and for a setting that does not exist
 */
export function defaultSettings(overrides: Partial<Omit<Settings, 'openMode'>> = {}): Settings {
  const unknown = Object.keys(overrides).find((key) => key !== 'openMode' && !Object.hasOwn(definitions, key));
  if (unknown !== undefined)
    throw new SettingError(`${unknown} is not a setting: allowed are ${Object.keys(definitions).join(', ')}`);
  return settingsFrom(fromValues(overrides));
}
