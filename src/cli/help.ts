import type { Command } from 'commander';
import { SettingOption } from './flags.ts';

const COLUMNS = 96;

const INTRODUCTION = `WebRTC signalling over plain HTTP: a durable mailbox per participant, received by long polling.
Without a command, the server starts.

Each setting is read from the environment and, unless it is a secret, from a flag, which wins: --max-wait-seconds 50 is the \
same as MAX_WAIT_SECONDS=50. Secrets are also read from a file that NAME_FILE names. A setting that cannot be used stops the \
start with one line that says why.`;

const EXAMPLES = `
Examples:
  holdline
  holdline --port 3000 --store-url sqlite:/var/lib/holdline/holdline.db
  CORS_ORIGINS=https://app.example.com TRUST_PROXY=1 holdline --log-level warn
  holdline --ice-servers '[{"urls":"stun:stun.example.com:3478"}]'
  holdline backup copy.db`;

/** Configures the help of the command: settings in their groups, each with allowed values and default. */
export function configureHelp(program: Command): Command {
  return program
    .description(INTRODUCTION)
    .helpOption('-h, --help', 'Prints this text.')
    .helpCommand('help [command]', 'Prints this text, or the help of a command.')
    .addHelpText('after', EXAMPLES)
    .configureHelp({
      helpWidth: COLUMNS,
      optionTerm(option) {
        if (!(option instanceof SettingOption)) return option.flags;
        const { name, secret } = option.definition;
        return secret ? `${name}[_FILE]` : option.flag;
      },
      optionDescription(option) {
        if (!(option instanceof SettingOption)) return option.description;
        const { about, parser, default: byDefault = 'none' } = option.definition;
        return `${about.replaceAll('`', '')}\n[${parser.allowed}; default ${byDefault}]`;
      },
    });
}
