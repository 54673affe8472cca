import { parseArgs } from 'node:util';
import { COMMAND_LIST } from './commands.ts';
import { UsageError } from './errors.ts';
import { nearest } from './nearest.ts';
import type { Row, Table } from './row.ts';
import { quoted } from './quoted.ts';

export interface CommandLine {
  readonly help: boolean;
  readonly version: boolean;
  /** What was given for each setting, by the setting's name. Given twice, the last wins. */
  readonly given: ReadonlyMap<string, string>;
}

export const flagOf = (row: Row): string => `--${row.name.toLowerCase().replaceAll('_', '-')}`;

const ownFlags = { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'v' } } as const;

function refuseUnknown(rawName: string, rows: readonly Row[]): never {
  const spelt = rawName.toLowerCase().replaceAll('_', '-');
  const secret = rows.find((row) => row.secret && flagOf(row) === spelt)?.name;
  if (secret !== undefined) {
    throw new UsageError(
      `${secret} is a secret and has no flag, since others can read command lines: set it, or ${secret}_FILE, in the environment`,
    );
  }
  const known = [...rows.filter((row) => !row.secret).map(flagOf), '--help', '--version'];
  const guess = nearest(spelt, known);
  throw new UsageError(
    `unknown flag ${quoted(rawName)}; ${guess === undefined ? 'see' : `did you mean ${guess}? See`} --help`,
  );
}

/** @throws UsageError for an unknown flag, one without its value, and a word that belongs to no flag; never repeats a value. */
export function readFlags(table: Table, argv: readonly string[]): CommandLine {
  const rows = Object.values(table);
  const rowOf = new Map(rows.filter((row) => !row.secret).map((row) => [flagOf(row), row]));
  const options = Object.fromEntries([...rowOf.keys()].map((flag) => [flag.slice(2), { type: 'string' as const }]));
  // Not strict: its errors take several lines, and repeat what was given.
  const config = { args: [...argv], strict: false, tokens: true, allowPositionals: true } as const;
  const { values, tokens } = parseArgs({ ...config, options: { ...options, ...ownFlags } });
  const { help, version } = { help: values.help !== undefined, version: values.version !== undefined };
  const given = new Map<string, string>();
  if (help || version) return { help, version, given };
  for (const token of tokens) {
    if (token.kind !== 'option') {
      const commands = `the commands are ${COMMAND_LIST}, and must come first`;
      throw new UsageError(`only flags with one value each are allowed here; ${commands}; see --help`);
    }
    const row = rowOf.get(`--${token.name}`) ?? refuseUnknown(token.rawName, rows);
    // A flag that swallowed the next flag.
    if (token.value === undefined || (!token.inlineValue && token.value.startsWith('--'))) {
      throw new UsageError(`${flagOf(row)} needs a value: ${row.kind.allowed}`);
    }
    given.set(row.name, token.value);
  }
  return { help, version, given };
}
