import { SettingError } from '../settings/settings.ts';
import { StoreError } from '../service.ts';

export const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/** A command line that does not parse: an unknown flag, a missing value, an unexpected word. Never contains a value. */
export class UsageError extends SettingError {
  override readonly name = 'UsageError';
}

/** A subcommand failed for a reason that the operator can fix. The message is one line. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** Returns one line for an error that the operator can fix, and `undefined` for all others. */
export function messageForOperator(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const isKnown = [SettingError, StoreError, CommandError].some((known) => error instanceof known);
  const isListening = 'syscall' in error && ['listen', 'getaddrinfo'].includes(String(error.syscall));
  if (!isKnown && !isListening) return undefined;
  const message = isKnown ? error.message : `cannot listen: ${error.message}`;
  return message.replace(/\s*\n\s*/g, ' ');
}

/** Levenshtein distance: the number of characters to add, drop or change. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 0; i < from.length; i += 1) {
    const next = [i + 1];
    for (let j = 0; j < to.length; j += 1) {
      const [changed = 0, dropped = 0, added = 0] = [row[j], row[j + 1], next[j]];
      next.push(Math.min(changed + (from[i] === to[j] ? 0 : 1), dropped + 1, added + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

/**
 * Returns the known word that was probably meant, for a "did you mean" hint; `undefined` when no word is near enough
 * for a typo.
 */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const nearEnough = Math.max(2, Math.floor(word.length / 4));
  const ranked = known.map((candidate) => ({ candidate, steps: distance(word, candidate) }));
  return ranked.filter(({ steps }) => steps <= nearEnough).sort((a, b) => a.steps - b.steps)[0]?.candidate;
}
