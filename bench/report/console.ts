import type { Results } from '../results.ts';
import { failures } from './aggregate.ts';
import { barsTable, workloadTables, type Table } from './tables.ts';

/** The tables as plain text. */
export function printResults(results: Results): void {
  for (const { workload, table } of workloadTables(results)) console.log(`\n${workload}\n${aligned(table)}`);
  console.log(`\n${aligned(barsTable(results)).replaceAll('`', '').replaceAll('**', '')}`);
  for (const { system, workload, round, error } of failures(results)) {
    console.log(`!!! FAILED round ${round} ${workload} ${system}: ${error ?? ''}`);
  }
}

function aligned(table: Table): string {
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  return table.map((row) => row.map((text, column) => text.padEnd(widths[column] ?? 0)).join('  ')).join('\n');
}
