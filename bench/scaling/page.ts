import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { pipes } from '../report/page.ts';
import { capacity, millionTable } from './arithmetic.ts';
import type { ScalingResults } from './results.ts';
import { bytesTable, callsTable, scriptsTable } from './tables.ts';

const PAGE = new URL('../../docs/scaling.md', import.meta.url);

/** Writes the figures between their markers in docs/scaling.md. */
export async function writeFigures(results: ScalingResults): Promise<void> {
  const { presence, calls } = results;
  const aof = calls.find(({ keeping, processes }) => keeping === 'aof' && processes === 2);
  if (presence === undefined || aof === undefined) throw new Error('a part of the run is missing');
  const sections: Record<string, string> = {
    calls: pipes(callsTable(results)),
    bytes: pipes(bytesTable(presence, aof)),
    scripts: pipes(scriptsTable(presence)),
    capacity: capacity(aof, presence).join('\n'),
    million: pipes(millionTable(aof, presence)),
    conditions: conditions(results),
  };
  let page = readFileSync(PAGE, 'utf8');
  for (const [name, text] of Object.entries(sections)) page = replaced(page, name, text);
  const filepath = fileURLToPath(PAGE);
  writeFileSync(PAGE, await format(page, { ...(await resolveConfig(filepath)), filepath }));
}

function replaced(page: string, name: string, text: string): string {
  const [open, close] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const [from, to] = [page.indexOf(open), page.indexOf(close)];
  if (from < 0 || to < from) throw new Error(`docs/scaling.md has no markers for ${name}`);
  return `${page.slice(0, from + open.length)}\n\n${text}\n\n${page.slice(to)}`;
}

function conditions({ startedAt, commit, command, redisVersion, machine, load, failures }: ScalingResults): string {
  return [
    `- ${startedAt.slice(0, 10)}, commit ${commit}, \`${command}\``,
    `- ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB; ${machine.os}; Redis ${redisVersion} and SQLite on ${machine.fileSystem}; Node ${machine.node}`,
    `- load average ${load.map((value) => value.toFixed(1)).join(' before, ')} at the end; the bench itself accounts for about 2, the rest is other work on the machine`,
    `- ${machine.pinned ? 'all processes of Holdline and Redis share one core, the load generator has the other' : 'nothing was pinned'}`,
    ...failures.map((failure) => `- failed: ${failure.split('\n')[0] ?? ''}`),
  ].join('\n');
}
