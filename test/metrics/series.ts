import type { Target } from '../support/http.ts';
import { call } from '../support/http.ts';

/** The value of each series, by its name and labels as in the text. */
export type Series = ReadonlyMap<string, number>;

export async function scrape(target: Target): Promise<Series> {
  const { body } = await call(target, 'getMetrics', {});
  const lines = String(body)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

/** The differences of the series whose names begin with the prefix. */
export function changes(before: Series, after: Series, prefix: string): Record<string, number> {
  const changed = [...after]
    .filter(([name]) => name.startsWith(prefix))
    .map(([name, value]) => [name, value - (before.get(name) ?? 0)] as const)
    .filter(([, by]) => by !== 0);
  return Object.fromEntries(changed);
}
