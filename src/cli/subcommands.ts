import { UsageError, type Settings } from '../settings/settings.ts';
import { COMMANDS, isCommand, refuseCommand, type CommandName } from '../settings/commands.ts';
import { backup } from './backup.ts';
import { trace } from './trace.ts';

/** @returns the text for standard output */
type Run = (settings: Settings, operand: string) => Promise<string>;

const RUN: Record<CommandName, Run> = { backup, trace };

export interface Subcommand {
  readonly operand: string;
  readonly run: Run;
  /** Arguments after the operand. */
  readonly flags: readonly string[];
}

/**
 * @returns undefined when the command line has no subcommand
 * @throws UsageError for an unknown subcommand or a missing operand
 */
export function subcommandOf([word, operand, ...flags]: readonly string[]): Subcommand | undefined {
  if (word === undefined || word.startsWith('-')) return undefined;
  if (!isCommand(word)) return refuseCommand(word);
  if (operand === undefined || operand.startsWith('-')) {
    throw new UsageError(`usage: holdline ${word} ${COMMANDS[word].operand} [--setting value ...]`);
  }
  return { operand, run: RUN[word], flags };
}
