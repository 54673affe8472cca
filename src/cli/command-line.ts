import { CommanderError, type Command } from 'commander';
import { readSettings, type Settings } from '../settings/settings.ts';
import { quoted, type GivenText } from '../settings/sources.ts';
import { VERSION } from '../version.ts';
import { addBackup } from './backup.ts';
import { EXIT, messageForOperator, nearest, UsageError } from './errors.ts';
import { commandWithSettings, refuseUnknownFlags, settingFlags } from './flags.ts';
import { configureHelp } from './help.ts';
import { serve } from './serve.ts';
import { addTrace } from './trace.ts';

/**
 * Subcommands in help order. Each adds itself to the program. Its action reads the settings with the given function if
 * it needs them.
 */
const SUBCOMMANDS: readonly ((program: Command, settings: () => Settings) => void)[] = [addBackup, addTrace];

function createProgram(argv: readonly string[]): Command {
  const program = configureHelp(commandWithSettings('holdline')).version(
    VERSION,
    '-v, --version',
    'Prints the version.',
  );
  let flags: ReadonlyMap<string, GivenText> = new Map();
  const settings = (): Settings => readSettings(process.env, flags);
  program
    .configureOutput({ writeErr: (text) => process.stdout.write(text) })
    .hook('preAction', (_program, command) => {
      flags = settingFlags(program);
      refuseUnknownFlags(command);
      if (command === program) refuseUnknownCommand(program, argv);
      else if (command.args.length > command.registeredArguments.length) {
        throw new UsageError(`unexpected argument after ${command.name()}; see holdline ${command.name()} --help`);
      }
    })
    .action(() => serve(settings()));
  for (const add of SUBCOMMANDS) add(program, settings);
  for (const command of program.commands) command.allowUnknownOption();
  return program;
}

/**
 * Refuses words that are no command. The error lists the commands and repeats no word but the first.
 * @throws UsageError
 */
function refuseUnknownCommand(program: Command, [first]: readonly string[]): void {
  const [word] = program.args;
  if (word === undefined) return;
  const names = [...program.commands.map((command) => command.name()), 'help'];
  const commands = `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
  if (word !== first) {
    throw new UsageError(
      `unexpected argument; each flag takes one value, and the commands are ${commands}; see --help`,
    );
  }
  const guess = nearest(word.toLowerCase(), [...names, '--version']);
  const meant = guess === undefined ? '' : ` Did you mean ${guess}?`;
  throw new UsageError(
    `unknown command ${quoted(word)}.${meant} The commands are ${commands}; without one, the server starts. See --help`,
  );
}

/** Ends the process with one line for an error that the operator can fix; throws any other error. */
function fail(error: unknown): never {
  const isUsage = error instanceof UsageError || error instanceof CommanderError;
  const message =
    error instanceof CommanderError
      ? `${error.message.replace(/^error: /, '')}; see --help`
      : messageForOperator(error);
  if (message === undefined) throw error;
  process.stderr.write(`holdline: ${message}\n`);
  process.exit(isUsage ? EXIT.usage : EXIT.failed);
}

const isHelpOrVersion = (error: unknown): boolean =>
  error instanceof CommanderError && /^commander\.(help|version)/.test(error.code);

/** Runs the `holdline` command. @param argv without the names of the runtime and the script */
export async function runCommand(argv: readonly string[]): Promise<void> {
  try {
    await createProgram(argv).parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!isHelpOrVersion(error)) fail(error);
  }
}
