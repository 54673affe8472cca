import { UsageError } from './errors.ts';
import { nearest } from './nearest.ts';
import { quoted } from './quoted.ts';

/** Subcommands: `holdline NAME OPERAND [flags]`. Without one, the server starts. */
export const COMMANDS = {
  backup: { operand: 'FILE', about: 'copies the database into a new file, also while the server runs' },
  trace: { operand: 'ROOM', about: 'shows recent events of a room; the server needs ADMIN_PORT' },
} as const;

export type CommandName = keyof typeof COMMANDS;

export const HELP = 'help';

export const isCommand = (word: string): word is CommandName => Object.hasOwn(COMMANDS, word);

const names = Object.keys(COMMANDS);

/** For error messages. */
export const COMMAND_LIST = `${names.join(', ')} and ${HELP}`;

/** @throws UsageError that lists the commands and suggests the nearest one */
export function refuseCommand(word: string): never {
  const guess = nearest(word.toLowerCase(), [...names, HELP, '--version']);
  const meant = guess === undefined ? '' : ` Did you mean ${guess}?`;
  throw new UsageError(
    `unknown command ${quoted(word)}.${meant} The commands are ${COMMAND_LIST}; without one, the server starts. See --help`,
  );
}
