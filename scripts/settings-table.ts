import { readFileSync, writeFileSync } from 'node:fs';
import type { Definition } from '../src/settings/definition.ts';
import { definitions } from '../src/settings/definitions/index.ts';

/**
 * Prints the settings as a Markdown table. `--write` writes it between the markers of the README, `--check` fails when
 * the README contains another one.
 */
const readme = new URL('../README.md', import.meta.url);
const section = /(?<=<!-- settings -->)[\s\S]*(?=<!-- \/settings -->)/;
const [mode] = process.argv.slice(2);

const code = (text: string): string => `\`${text}\``;

/** A Markdown table, padded as prettier pads it. */
function aligned(lines: readonly (readonly string[])[]): string {
  const widthOf = (column: number): number => Math.max(...lines.map((line) => line[column]?.length ?? 0));
  const pad = (cell: string, column: number): string => cell.padEnd(widthOf(column), cell === '-' ? '-' : ' ');
  return lines.map((line) => `| ${line.map(pad).join(' | ')} |`).join('\n');
}

function settingsTable(): string {
  const rows = Object.values<Definition>(definitions).map(({ name, default: byDefault, about, parser }) => [
    code(name),
    byDefault === undefined ? 'none' : code(byDefault),
    about,
    parser.allowed,
  ]);
  return aligned([['Setting', 'Default', 'What it does', 'Allowed'], ['-', '-', '-', '-'], ...rows]);
}

function updated(text: string): string {
  if (!section.test(text)) throw new Error('README.md has no <!-- settings --> ... <!-- /settings -->');
  return text.replace(section, () => `\n\n${settingsTable()}\n\n`);
}

if (mode === '--write') {
  writeFileSync(readme, updated(readFileSync(readme, 'utf8')));
} else if (mode === '--check') {
  const text = readFileSync(readme, 'utf8');
  if (updated(text) !== text) {
    console.error('The settings table of README.md is out of date: run `npm run settings`.');
    process.exitCode = 1;
  }
} else {
  console.log(settingsTable());
}
