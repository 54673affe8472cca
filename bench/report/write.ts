import { mkdirSync, writeFileSync } from 'node:fs';
import type { Results } from '../results.ts';
import { markdown } from './markdown.ts';
import { plot } from './plot.ts';

const DOCS = new URL('../../docs/', import.meta.url);

/** Writes the report: the page, its plot, and the raw results that both are made from. */
export function writeReport(results: Results): void {
  mkdirSync(DOCS, { recursive: true });
  writeFileSync(new URL('benchmarks.md', DOCS), markdown(results));
  writeFileSync(new URL('benchmarks.svg', DOCS), plot(results));
  writeFileSync(new URL('benchmarks.json', DOCS), `${JSON.stringify(results)}\n`);
}
