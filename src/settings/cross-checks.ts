import { SettingError, type ValuesOf } from './definition.ts';
import { definitions, type SettingKey } from './definitions/index.ts';
import type { Inputs } from './sources.ts';

type Values = ValuesOf<typeof definitions>;

const ASCENDING = [
  ['defaultWaitSeconds', 'maxWaitSeconds'],
  ['defaultTtlSeconds', 'maxTtlSeconds'],
  ['defaultIdleTimeoutSeconds', 'maxIdleTimeoutSeconds'],
  ['maxMessageBytes', 'maxMailboxBytes'],
] as const;

const TOKEN_KEY_SETTINGS = ['accessTokenSecret', 'accessTokenJwksUrl'] as const satisfies readonly SettingKey[];
const ACCESS_SETTINGS = [...TOKEN_KEY_SETTINGS, 'apiKeys'] as const satisfies readonly SettingKey[];

const listOf = (keys: readonly SettingKey[]): string => {
  const names = keys.map((key) => definitions[key].name);
  return `${names.slice(0, -1).join(', ')} or ${names.at(-1) ?? ''}`;
};

/** Names of the settings that end open mode, as part of a sentence: `A, B or C`. */
export const ACCESS_SETTING_NAMES = listOf(ACCESS_SETTINGS);

/** In open mode, anyone who knows a room's name may join it. */
export const isOpenMode = (values: Values): boolean => ACCESS_SETTINGS.every((key) => values[key] === undefined);

/**
 * Checks the settings against each other.
 * @throws SettingError for the first settings that are valid alone but not together
 */
export function checkTogether(values: Values, inputs: Inputs): void {
  checkOrder(values, inputs);
  checkAccess(values, inputs);
  checkTurn(values, inputs);
}

function checkOrder(values: Values, inputs: Inputs): void {
  const describe = (key: (typeof ASCENDING)[number][number]): string => {
    const input = inputs.get(key);
    return input === undefined
      ? `${definitions[key].name} ${values[key]} (its default)`
      : `${input.name} ${values[key]}`;
  };
  for (const [lower, upper] of ASCENDING) {
    if (values[lower] <= values[upper]) continue;
    throw new SettingError(`${describe(lower)} is above ${describe(upper)}: allowed is at most that`);
  }
}

const nameOf = (key: SettingKey, inputs: Inputs): string => inputs.get(key)?.name ?? definitions[key].name;

/** Name and value as given. */
const given = (key: SettingKey, inputs: Inputs): string => `${nameOf(key, inputs)} ${inputs.get(key)?.shown ?? ''}`;

function checkAccess(values: Values, inputs: Inputs): void {
  const [first, second] = TOKEN_KEY_SETTINGS.filter((key) => values[key] !== undefined);
  if (first !== undefined && second !== undefined) {
    const names = `${nameOf(first, inputs)} and ${nameOf(second, inputs)}`;
    throw new SettingError(`${names} are both given: allowed is one of them`);
  }
  if (values.accessTokenAudience === undefined || first !== undefined) return;
  const allowed = `allowed is with ${listOf(TOKEN_KEY_SETTINGS)} only`;
  throw new SettingError(`${given('accessTokenAudience', inputs)} has no effect without access tokens: ${allowed}`);
}

function checkTurn(values: Values, inputs: Inputs): void {
  if (values.turnSecret !== undefined && isOpenMode(values) && values.openTurn === 'off') {
    const secret = `${nameOf('turnSecret', inputs)} (value not shown)`;
    const allowed = `allowed is with ${ACCESS_SETTING_NAMES}, or with ${definitions.openTurn.name} on`;
    throw new SettingError(`${secret} in open mode would give strangers a free relay: ${allowed}`);
  }
  if (values.turnUrls === undefined || values.turnSecret !== undefined) return;
  const allowed = `allowed is with ${definitions.turnSecret.name} only`;
  throw new SettingError(`${given('turnUrls', inputs)} would be handed out without credentials: ${allowed}`);
}
