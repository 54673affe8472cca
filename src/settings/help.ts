import { COMMANDS, HELP } from './commands.ts';
import { flagOf } from './flags.ts';
import type { Row, Table } from './row.ts';

const WIDTH = 96;
const LEFT = 36;

function wrap(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last !== '' && last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}

function entry(row: Row): string {
  const about = wrap(row.about.replaceAll('`', ''), WIDTH - LEFT);
  const bounds = wrap(`[${row.kind.allowed}; default ${row.default ?? 'none'}]`, WIDTH - LEFT);
  const left = `  ${row.secret ? `${row.name}[_FILE]` : flagOf(row)}`;
  return [...about, ...bounds].map((line, index) => (index === 0 ? left : '').padEnd(LEFT) + line).join('\n');
}

function sections(rows: readonly Row[]): string {
  const groups = Map.groupBy(rows, (row) => row.group);
  return [...groups].map(([group, members]) => `${group}\n${members.map(entry).join('\n')}`).join('\n\n');
}

const commands = [
  ...Object.entries(COMMANDS).map(([name, { operand, about }]) => [`${name} ${operand}`, about] as const),
  [HELP, 'shows this text'] as const,
].map(([form, about]) => `       holdline ${form.padEnd(14)} ${about}`);

const intro = `Usage: holdline [--setting value ...]
${commands.join('\n')}

WebRTC signalling over plain HTTP: a durable mailbox per participant, received by long polling.

Each setting is read from the environment and, unless it is a secret, from a flag, which wins:
--max-wait-seconds 50 is the same as MAX_WAIT_SECONDS=50. Secrets are also read from a file that
NAME_FILE names. A setting that cannot be read stops the start with one line that says why.

  -h, --help                      This text.
  -v, --version                   The version.

Examples
  holdline
  holdline --port 3000 --store-url sqlite:/var/lib/holdline/holdline.db
  CORS_ORIGINS=https://app.example.com TRUST_PROXY=1 holdline --log-level warn
  holdline --ice-servers '[{"urls":"stun:stun.example.com:3478"}]'`;

/** At most 96 columns, for a terminal. */
export function helpText(table: Table): string {
  const rows = Object.values(table);
  const unbuilt = rows.filter((row) => !row.built).map((row) => row.name);
  const later = `Not in this version yet, and refused:\n  ${wrap(unbuilt.join(', '), WIDTH - 2).join('\n  ')}`;
  return [intro, sections(rows.filter((row) => row.built)), ...(unbuilt.length > 0 ? [later] : [])].join('\n\n') + '\n';
}

const code = (text: string): string => `\`${text}\``;

function aligned(lines: readonly (readonly string[])[]): string {
  const widthOf = (column: number): number => Math.max(...lines.map((line) => line[column]?.length ?? 0));
  const pad = (cell: string, column: number): string => cell.padEnd(widthOf(column), cell === '-' ? '-' : ' ');
  return lines.map((line) => `| ${line.map(pad).join(' | ')} |`).join('\n');
}

/** Markdown for the README, padded as prettier pads. */
export function markdownTable(table: Table): string {
  const rows = Object.values(table);
  const lines = rows
    .filter((row) => row.built)
    .map((row) => [
      code(row.name),
      row.default === undefined ? 'none' : code(row.default),
      row.about,
      row.kind.allowed,
    ]);
  const unbuilt = rows.filter((row) => !row.built).map((row) => code(row.name));
  const later =
    unbuilt.length > 0 ? `\n\nNot in this version yet, and refused at the start: ${unbuilt.join(', ')}.` : '';
  return aligned([['Setting', 'Default', 'What it does', 'Allowed'], ['-', '-', '-', '-'], ...lines]) + later;
}
