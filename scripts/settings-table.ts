import { readFileSync, writeFileSync } from 'node:fs';
import { settingsTable } from '../src/settings/settings.ts';

/**
 * The settings as a Markdown table. Alone: prints it. `--write`: puts it between the markers of the README.
 * `--check`: fails when the README holds another one.
 */
const readme = new URL('../README.md', import.meta.url);
const section = /(?<=<!-- settings -->)[\s\S]*(?=<!-- \/settings -->)/;
const [mode] = process.argv.slice(2);

function updated(text: string): string {
  if (!section.test(text)) throw new Error('README.md has no <!-- settings --> ... <!-- /settings -->');
  return text.replace(section, () => `\n\n${settingsTable()}\n\n`);
}

if (mode === '--write') {
  writeFileSync(readme, updated(readFileSync(readme, 'utf8')));
} else if (mode === '--check') {
  const text = readFileSync(readme, 'utf8');
  if (updated(text) !== text) {
    console.error('The settings table of README.md is stale: run `npm run settings`.');
    process.exitCode = 1;
  }
} else {
  console.log(settingsTable());
}
