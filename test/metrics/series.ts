import type { Target } from '../support/http.ts';
import { call } from '../support/http.ts';

/** Each series by its name and labels, as it stands in the text. */
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

/** What changed, by how much; only series whose names begin so. */
export function changes(before: Series, after: Series, prefix: string): Record<string, number> {
  const changed = [...after]
    .filter(([name]) => name.startsWith(prefix))
    .map(([name, value]) => [name, value - (before.get(name) ?? 0)] as const)
    .filter(([, by]) => by !== 0);
  return Object.fromEntries(changed);
}
