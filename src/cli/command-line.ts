import { loadSettings, readCommandLine, SettingError, settingsHelp, UsageError } from '../settings/settings.ts';
import { HELP } from '../settings/commands.ts';
import { StoreError } from '../service.ts';
import { VERSION } from '../version.ts';
import { CommandError } from './command-error.ts';
import { serve } from './serve.ts';
import { subcommandOf } from './subcommands.ts';

const EXIT = { done: 0, failed: 1, usage: 2 } as const;

const isHelp = (word: string, index: number): boolean =>
  word === '--help' || word === '-h' || (word === HELP && index === 0);

/** @returns the text for standard output; undefined once the server has stopped */
async function run(argv: readonly string[]): Promise<string | undefined> {
  if (argv.some(isHelp)) return settingsHelp();
  const subcommand = subcommandOf(argv);
  if (subcommand !== undefined) {
    return subcommand.run(loadSettings({ env: process.env, argv: subcommand.flags }), subcommand.operand);
  }
  if (readCommandLine(argv).version) return `${VERSION}\n`;
  await serve(loadSettings({ env: process.env, argv }));
  return undefined;
}

/** One line for an error that an operator can fix; undefined for all others. */
function plainWords(error: unknown): string | undefined {
  if ([SettingError, StoreError, CommandError].some((known) => error instanceof known)) return (error as Error).message;
  const listening =
    error instanceof Error && 'syscall' in error && ['listen', 'getaddrinfo'].includes(String(error.syscall));
  return listening ? `cannot listen: ${error.message}` : undefined;
}

/** The `holdline` command. @param argv without the names of the runtime and the script */
export async function runCommand(argv: readonly string[]): Promise<void> {
  try {
    const text = await run(argv);
    if (text === undefined) process.exit(EXIT.done);
    process.stdout.write(text);
  } catch (error) {
    const words = plainWords(error);
    if (words === undefined) throw error;
    process.stderr.write(`holdline: ${words.replace(/\s*\n\s*/g, ' ')}\n`);
    process.exit(error instanceof UsageError ? EXIT.usage : EXIT.failed);
  }
}
