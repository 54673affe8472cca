import { mkdirSync, writeFileSync } from 'node:fs';
import type { Results } from '../results.ts';
import type { WorkloadName } from '../workloads/workload.ts';
import { failures } from './figures.ts';
import { targetsTable, workloadTables, type Table } from './tables.ts';

const ABOUT: Record<WorkloadName, string> = {
  calls:
    '32 calls at a time, closed loop. In a call, two new participants with an open poll, or a socket, each exchange an offer (3 KB), an answer (3 KB) on its receipt, and 12 candidates (250 B) each way, up to 3 in flight. Joining and leaving are included.',
  paced: 'The same calls, 20 a second: latency without a queue.',
  client:
    'The same calls as the own client of each system makes them: with its batching, and with candidates that come 2 to 7 ms after a description. A call is set up when both sides have all messages. Systems without such a client send one message per request. Members who stay were in their room before: joining and leaving are not included, and the sockets of clients have proved themselves.',
  held: 'Idle held polls, or sockets; then 13 messages to each of 500 participants that hold one. `idle` includes the renewal of polls and the heartbeats of sockets, `quiet` hardly any.',
  depth: 'Calls, 4 at a time, while messages are stored in other mailboxes, 10 in each.',
  growth:
    'Calls, 4 at a time, among more and more participants. The pair that has waited longest makes the next call, leaves and is replaced.',
  flood: 'Paced calls while one sender floods (32 requests in flight), and while a backlog expires at once.',
};

const DOCS = new URL('../../docs/', import.meta.url);

/** Writes the report: the page, and the raw results that it is made from. */
export function writeReport(results: Results): void {
  mkdirSync(DOCS, { recursive: true });
  writeFileSync(new URL('benchmarks.md', DOCS), markdown(results));
  writeFileSync(new URL('benchmarks.json', DOCS), `${JSON.stringify(results)}\n`);
}

function markdown(results: Results): string {
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
    'The cost of a message for the server, side by side with the peers, on the same machine and in the same run. The main figure is the **CPU time of the server (user and system, all of its processes) per 1,000 delivered messages**. Unlike throughput, it survives a noisy machine; unlike latency, it tells how many servers you need.',
    'Holdline stores each message before it answers. The peers keep messages in memory and lose them with the process, or with a poll that is cut off. Figures are medians, with the range over the rounds in brackets. Latency runs from the start of the send to the receipt, by the clock of the load generator, which is one process: under `calls` it includes the queue of the generator.',
    '## Targets',
    pipes(targetsTable(results)),
    '[performance.md](performance.md) explains the targets that are out of reach, with profiles and experiments.',
  ];
}

function conditions(results: Results): string[] {
  const { machine, commit, startedAt, command, systems } = results;
  const rounds = Math.max(...results.runs.map((run) => run.round));
  const loads = results.runs.map((run) => run.loadAverage);
  const broken = failures(results).map(
    ({ system, workload, round }) => `- failed: ${system}, ${workload}, round ${round}`,
  );
  return [
    '## How it was measured',
    [
      `- ${startedAt.slice(0, 10)}, commit ${commit}, \`${command}\`, ${rounds} rounds, systems interleaved within each`,
      `- ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB; ${machine.os}; databases on ${machine.fileSystem}`,
      `- Node ${machine.node}; ${machine.pinned ? 'server and generator pinned to a core each' : 'server and generator NOT pinned'}`,
      `- load average at the start of the runs: ${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)} (the bench itself brings up to 2)`,
      '- each run has processes and databases of its own',
      '- one HTTP client on raw sockets, WebSockets included, drives every system; loopback, without TLS and proxies',
      '- by WebSocket, peers do not confirm messages: the next one is sent at once',
      ...broken,
    ].join('\n'),
    pipes([
      ['system', 'reads by', 'an accepted message', 'version'],
      ...systems.map((one) => [one.title, one.transport, one.keeps, one.version]),
    ]),
    '[bench/README.md](../bench/README.md) explains how to run the bench, and what each system does in it.',
  ];
}

export function pipes([head = [], ...rows]: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
