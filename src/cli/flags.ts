import { Command, Option } from 'commander';
import type { Definition } from '../settings/definition.ts';
import { definitions } from '../settings/definitions/index.ts';
import { readSettings, type Settings } from '../settings/settings.ts';
import { quoted, type Environment, type GivenText } from '../settings/sources.ts';
import { nearest, UsageError } from './errors.ts';

/** The flag of a setting. Secrets also have one, so that the help lists them; using it is refused with the reason. */
export class SettingOption extends Option {
  readonly definition: Definition;

  constructor(definition: Definition) {
    // An optional value, because commander would otherwise take the next flag for the value.
    super(`--${definition.name.toLowerCase().replaceAll('_', '-')} [value]`);
    this.definition = definition;
    this.helpGroup(`${definition.group}:`);
  }

  get flag(): string {
    return `--${this.name()}`;
  }
}

/** Creates a command with a flag for each setting. Errors are thrown instead of printed. */
export function commandWithSettings(name?: string): Command {
  const command = new Command(name)
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
    // commander's own errors repeat the argument, which may be a secret: `refuseUnknownFlags` has ours.
    .allowUnknownOption()
    .allowExcessArguments();
  for (const definition of Object.values(definitions)) command.addOption(new SettingOption(definition));
  return command;
}

/**
 * Returns the settings that were given as flags. If a flag is repeated, its last value counts.
 * @throws UsageError for a secret and for a flag without a value
 */
export function settingFlags(command: Command): ReadonlyMap<string, GivenText> {
  const given = new Map<string, GivenText>();
  for (const option of command.options) {
    if (!(option instanceof SettingOption)) continue;
    const text: unknown = command.getOptionValue(option.attributeName());
    if (text === undefined) continue;
    const { name, secret, parser } = option.definition;
    if (secret) throw secretFlag(name);
    if (typeof text !== 'string') throw new UsageError(`${option.flag} needs a value: ${parser.allowed}`);
    given.set(name, { name: option.flag, text });
  }
  return given;
}

const secretFlag = (name: string): UsageError =>
  new UsageError(
    `${name} is a secret and has no flag, because other users can read command lines: set it, or ${name}_FILE, in the environment`,
  );

const isSecret = (option: Option): option is SettingOption =>
  option instanceof SettingOption && option.definition.secret === true;

/**
 * Refuses an unknown flag and suggests the nearest known one. The error repeats neither the flag's value nor other
 * arguments.
 * @throws UsageError
 */
export function refuseUnknownFlags(command: Command): void {
  const argument = command.args.find((arg) => arg.startsWith('-'));
  if (argument === undefined) return;
  // The value may follow a short flag directly: `-kSECRET`.
  const flag = argument.startsWith('--') ? argument.replace(/=.*$/s, '') : argument.slice(0, 2);
  const spelling = flag.toLowerCase().replaceAll('_', '-');
  const options = [command, command.parent].flatMap((owner) => owner?.options ?? []);
  const secret = options.filter(isSecret).find((option) => option.flag === spelling);
  if (secret !== undefined) throw secretFlag(secret.definition.name);
  const known = options.filter((option) => !isSecret(option)).map(({ long }) => long ?? '');
  const guess = nearest(spelling, [...known, '--help']);
  throw new UsageError(
    `unknown flag ${quoted(flag)}; ${guess === undefined ? 'see --help' : `did you mean ${guess}? See --help`}`,
  );
}

/**
 * Reads the settings as the `holdline` command does: a flag wins over the environment, and unknown variables are
 * ignored.
 *
 * @param source.argv without the names of the runtime and the script; flags only
 * @throws UsageError for a command line that does not parse, SettingError for a setting that cannot be used. The
 * message is one line with the setting's name, the given value (never a secret's) and the allowed values.
 */
export function loadSettings({ env, argv }: { env: Environment; argv: readonly string[] }): Settings {
  const command = commandWithSettings().helpOption(false).parse(argv, { from: 'user' });
  const flags = settingFlags(command);
  refuseUnknownFlags(command);
  if (command.args.length > 0) throw new UsageError('unexpected argument: only flags with one value each are allowed');
  return readSettings(env, flags);
}
