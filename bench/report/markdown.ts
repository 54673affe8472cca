import type { Results } from '../results.ts';
import type { WorkloadName } from '../workloads/workload.ts';
import { failures } from './aggregate.ts';
import { barsTable, workloadTables, type Table } from './tables.ts';

const ABOUT: Record<WorkloadName, string> = {
  calls:
    '32 calls at a time, each as soon as another one is over. A call: two fresh participants, each with a poll open; offer (3 KB), answer (3 KB) on receipt, 12 candidates (250 B) each way, up to 3 in flight; joining and leaving included.',
  paced: 'The same calls, 20 a second: latency without a queue.',
  held: 'Idle held polls; then 13 messages to each of 500 participants that hold one. `idle` includes the renewal of polls, `quiet` does not.',
  depth: 'Calls, 4 at a time, while messages are stored in other mailboxes, 10 in each.',
  growth:
    'Calls, 4 at a time, among more and more participants: the pair that has waited longest calls, leaves, and is replaced.',
  flood:
    'Paced calls while one sender sends as fast as it can (32 requests in flight), and while a backlog expires at once.',
};

/** The page about a bench run. */
export function markdown(results: Results): string {
  const sections = workloadTables(results).flatMap(({ workload, table }) => [
    `## \`${workload}\``,
    ABOUT[workload],
    pipes(table),
  ]);
  return `${[...introduction(results), ...sections, ...conditions(results)].join('\n\n')}\n`;
}

function introduction(results: Results): string[] {
  return [
    '# Benchmarks',
    '<!-- Made by `npm run bench -- report`. Do not edit: run it again. -->',
    'What a message costs the server, side by side with the peers, on the same machine, in the same run. The headline is the **CPU time of the server (user and system, all of its processes) per 1,000 delivered messages**: unlike throughput it survives a noisy machine, and unlike latency it says how many servers you need.',
    '![CPU per 1,000 messages and memory per held poll](benchmarks.svg)',
    'Holdline stores each message before it answers; every peer here keeps messages in memory and loses them with the process, or with the poll that was cut. Medians, with their range over the rounds in brackets. Latency runs from the start of the send to the receipt, on the clock of the load generator, which is one process: under `calls` it contains its queue.',
    '## Bars',
    pipes(barsTable(results)),
    'Why some are out of reach, the profile behind that, and what was tried: [performance.md](performance.md).',
  ];
}

function conditions(results: Results): string[] {
  const { machine, commit, startedAt, command, systems } = results;
  const rounds = Math.max(...results.runs.map((run) => run.round));
  const broken = failures(results).map(
    ({ system, workload, round }) => `- failed: ${system}, ${workload}, round ${round}`,
  );
  return [
    '## How it was measured',
    [
      `- ${startedAt.slice(0, 10)}, commit ${commit}, \`${command}\`, ${rounds} rounds, systems interleaved within each`,
      `- ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB; ${machine.os}; databases on ${machine.fileSystem}`,
      `- Node ${machine.node}; ${machine.pinned ? 'server and generator pinned to a core each' : 'server and generator NOT pinned'}`,
      '- one lean HTTP client on raw sockets drives every system; no TLS, no proxy, loopback',
      ...broken,
    ].join('\n'),
    pipes([
      ['system', 'a message it accepted', 'version'],
      ...systems.map((one) => [one.title, one.keeps, one.version]),
    ]),
    '[bench/README.md](../bench/README.md) says how to run it, and what each system is asked to do.',
  ];
}

export function pipes([head = [], ...rows]: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
