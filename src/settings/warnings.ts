import { UNGUESSABLE_CHARACTERS } from '../signalling/limits.ts';
import type { Settings } from './settings.ts';

export const OPEN_MODE =
  "open mode: anyone who knows a room's name may join it, so names must be hard to guess; idle timeouts and lifetimes are at most 300 s";

/** What an operator should hear at the start, though it can be meant. One line each; no secret is shown. */
export function cautions(settings: Settings): string[] {
  const { openMode, turnSecret, turnUrls, apiKeys = [] } = settings;
  return [
    ...(openMode ? [OPEN_MODE] : []),
    ...(openMode && turnSecret !== undefined
      ? ['OPEN_TURN: strangers get TURN credentials, and may use the relay for anything']
      : []),
    ...(turnSecret !== undefined && turnUrls === undefined ? ['TURN_SECRET does nothing without TURN_URLS'] : []),
    ...(apiKeys.some((key) => key.length < UNGUESSABLE_CHARACTERS)
      ? [
          `API_KEYS: a key of fewer than ${UNGUESSABLE_CHARACTERS} characters can be guessed, so it is not even compared for a network whose authentications failed too often`,
        ]
      : []),
  ];
}
