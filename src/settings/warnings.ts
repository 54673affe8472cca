import { UNGUESSABLE_CHARACTERS } from '../signalling/limits.ts';
import type { Settings } from './settings.ts';

/** Also part of the start message of a terminal, which then does not repeat it as a log line. */
export const OPEN_MODE_WARNING =
  "open mode: anyone who knows a room's name may join it, so names must be hard to guess; idle timeouts and lifetimes are at most 300 s";

/** Settings that are valid, but that need an operator's attention at the start. One line each, without secrets. */
export function settingWarnings(settings: Settings): string[] {
  const { openMode, turnSecret, turnUrls, apiKeys = [] } = settings;
  const warnings: [boolean, string][] = [
    [openMode, OPEN_MODE_WARNING],
    [
      openMode && turnSecret !== undefined,
      'OPEN_TURN: anyone gets TURN credentials, and may use the relay for any purpose',
    ],
    [turnSecret !== undefined && turnUrls === undefined, 'TURN_SECRET has no effect without TURN_URLS'],
    [
      apiKeys.some((key) => key.length < UNGUESSABLE_CHARACTERS),
      `API_KEYS: a key of fewer than ${UNGUESSABLE_CHARACTERS} characters can be guessed; it is not even compared for client addresses with too many failed authentications`,
    ],
  ];
  return warnings.flatMap(([applies, text]) => (applies ? [text] : []));
}
