import { SettingError } from './errors.ts';
import type { Input, Inputs } from './inputs.ts';
import { table } from './table.ts';
import type { ValuesOf } from './read.ts';

type Values = ValuesOf<typeof table>;
type Key = keyof typeof table;

const ascending = [
  ['defaultWaitSeconds', 'maxWaitSeconds'],
  ['defaultTtlSeconds', 'maxTtlSeconds'],
  ['defaultIdleTimeoutSeconds', 'maxIdleTimeoutSeconds'],
  ['maxMessageBytes', 'maxMailboxBytes'],
] as const;

const KEY_SOURCES = ['accessTokenSecret', 'accessTokenJwksUrl'] as const satisfies readonly Key[];
const CLOSING = [...KEY_SOURCES, 'apiKeys'] as const satisfies readonly Key[];

/** Names of the settings any one of which ends open mode. */
export const CLOSING_NAMES = CLOSING.map((key) => table[key].name);

/** Whoever knows a room's name may join it. */
export const isOpenMode = (values: Values): boolean => CLOSING.every((key) => values[key] === undefined);

/** @throws SettingError for the first settings that are good alone but not together */
export function checkAgreement(values: Values, inputs: Inputs): void {
  const given = (key: Key): Input | undefined => inputs(key, table[key]);
  checkOrder(values, given);
  checkAccess(values, given);
  checkTurn(values, given);
}

type Given = (key: Key) => Input | undefined;

function checkOrder(values: Values, given: Given): void {
  const described = (key: (typeof ascending)[number][number]): string => {
    const input = given(key);
    return input === undefined ? `${table[key].name} ${values[key]} (its default)` : `${input.name} ${values[key]}`;
  };
  for (const [lower, upper] of ascending) {
    if (values[lower] <= values[upper]) continue;
    throw new SettingError(`${described(lower)} is above ${described(upper)}: allowed is at most that`);
  }
}

const nameOf = (given: Given, key: Key): string => given(key)?.name ?? table[key].name;
const namesOf = (keys: readonly Key[]): string => keys.map((key) => table[key].name).join(' or ');

function checkAccess(values: Values, given: Given): void {
  const sources = KEY_SOURCES.filter((key) => values[key] !== undefined);
  if (sources.length > 1) {
    const names = sources.map((key) => nameOf(given, key)).join(' and ');
    throw new SettingError(`${names} are both given: allowed is one of them`);
  }
  if (values.accessTokenAudience === undefined || sources.length === 1) return;
  const audience = `${nameOf(given, 'accessTokenAudience')} ${given('accessTokenAudience')?.shown ?? ''}`;
  throw new SettingError(`${audience} has no access tokens to judge: allowed is with ${namesOf(KEY_SOURCES)} only`);
}

function checkTurn(values: Values, given: Given): void {
  if (values.turnSecret !== undefined && isOpenMode(values) && values.openTurn === 'off') {
    const allowed = `allowed is with ${namesOf(CLOSING)}, or with ${table.openTurn.name} on`;
    throw new SettingError(
      `${nameOf(given, 'turnSecret')} (value not shown) in open mode would give strangers a free relay: ${allowed}`,
    );
  }
  if (values.turnUrls === undefined || values.turnSecret !== undefined) return;
  const urls = `${nameOf(given, 'turnUrls')} ${given('turnUrls')?.shown ?? ''}`;
  throw new SettingError(
    `${urls} would be handed out without credentials: allowed is with ${table.turnSecret.name} only`,
  );
}
