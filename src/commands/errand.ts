import { UsageError, type Settings } from '../config.ts';
import { backup } from './backup.ts';
import { trace } from './trace.ts';

/** Commands beside the service itself: a word, one operand, then flags. */
const COMMANDS = {
  backup: { operand: 'FILE', run: backup },
  trace: { operand: 'ROOM', run: trace },
} as const;

export interface Errand {
  readonly operand: string;
  readonly run: (settings: Settings, operand: string) => Promise<string>;
  /** What is left of the command line. */
  readonly flags: readonly string[];
}

/** @returns undefined when the command line asks for the service. @throws UsageError for a command without its operand */
export function errandOf([word = '', operand, ...flags]: readonly string[]): Errand | undefined {
  if (!Object.hasOwn(COMMANDS, word)) return undefined;
  const command = COMMANDS[word as keyof typeof COMMANDS];
  if (operand === undefined || operand.startsWith('-')) {
    throw new UsageError(`usage: holdline ${word} ${command.operand} [--setting value ...]`);
  }
  return { operand, run: command.run, flags };
}
