import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { closeServices, createService } from '../support/holdline.ts';
import { join, newRoom } from '../support/member.ts';
import { scrape } from '../metrics/series.ts';
import { type Json, valuesOf, yamlOf } from './documents.ts';
import { groupingsOf, selectorsOf } from './promql.ts';
import { deployed } from './proxy.ts';

const dashboard = JSON.parse(readFileSync(deployed('grafana/holdline.json'), 'utf8')) as Json;
const alerts = yamlOf('prometheus/alerts.yaml')[0] ?? null;
const queries = (from: Json): string[] => valuesOf(from, 'expr').map(String);
const all = [...queries(dashboard), ...queries(alerts)];

/** Labels and metrics that Prometheus itself adds. */
const ADDED = { metrics: ['up'], labels: ['instance', 'job'] };
/** Labels that have all their possible values right after the start. */
const CLOSED = ['cause', 'outcome', 'poll', 'quantile', 'reason', 'limit', 'type'];

/** Label values by metric and label, of a server that has served some requests. */
const real = new Map<string, Map<string, Set<string>>>();

beforeAll(async () => {
  const { app } = await createService();
  const alice = await join(app, newRoom(), 'alice');
  const bob = await join(app, alice.roomId, 'bob');
  await alice.send({ to: 'bob', type: 'invite' });
  await bob.poll();
  for (const series of (await scrape(app)).keys()) {
    const [, name = '', labels = ''] = /^(\w+)(?:\{(.*)\})?$/.exec(series) ?? [];
    const known = real.get(name) ?? new Map<string, Set<string>>();
    real.set(name, known);
    for (const [, label = '', value = ''] of labels.matchAll(/(\w+)="([^"]*)"/g)) {
      known.set(label, (known.get(label) ?? new Set()).add(value));
    }
  }
});
afterAll(closeServices);

describe('every query of the dashboard and the alerts', () => {
  test('there are enough queries', () => {
    expect(queries(dashboard).length).toBeGreaterThan(20);
    expect(queries(alerts).length).toBeGreaterThan(10);
  });

  test.each(all)('%s', (query) => {
    const selectors = selectorsOf(query);
    expect(selectors.length).toBeGreaterThan(0);
    for (const { name, labels } of selectors) {
      if (ADDED.metrics.includes(name)) continue;
      const known = real.get(name);
      expect({ name, isReal: known !== undefined }).toEqual({ name, isReal: true });
      for (const { name: label, operator, value } of labels.filter((one) => !ADDED.labels.includes(one.name))) {
        expect([...(known?.keys() ?? [])]).toContain(label);
        if (operator === '=' && CLOSED.includes(label)) expect([...(known?.get(label) ?? [])]).toContain(value);
      }
    }
    const labels = new Set([...ADDED.labels, ...selectors.flatMap(({ name }) => [...(real.get(name)?.keys() ?? [])])]);
    expect(groupingsOf(query).filter((label) => !labels.has(label))).toEqual([]);
  });
});

describe('the parser of queries', () => {
  test('finds metrics, matchers and groupings, and no functions', () => {
    const query = 'histogram_quantile(0.9, sum by (le, x) (rate(a_bucket{b="c",d!=""}[5m]))) / on (e) f:g > bool 0.5';
    expect(selectorsOf(query)).toEqual([
      {
        name: 'a_bucket',
        labels: [
          { name: 'b', operator: '=', value: 'c' },
          { name: 'd', operator: '!=', value: '' },
        ],
      },
      { name: 'f:g', labels: [] },
    ]);
    expect(groupingsOf(query)).toEqual(['le', 'x', 'e']);
  });
});

describe('the alert rules', () => {
  const rules = valuesOf(alerts, 'rules').flat() as Record<string, Json>[];

  test('each have a summary, a description and a severity', () => {
    for (const rule of rules) {
      expect(rule).toMatchObject({
        alert: expect.stringMatching(/^Holdline[A-Z]\w+$/),
        labels: { severity: expect.stringMatching(/^(page|warn)$/) },
        annotations: { summary: expect.any(String), description: expect.any(String) },
      });
    }
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
  });

  test('page when the server is down, not ready or full, or the store refuses writes', () => {
    const pages = rules.filter(({ labels }) => JSON.stringify(labels).includes('page')).map(({ alert }) => alert);
    expect(pages).toEqual(['HoldlineDown', 'HoldlineNotReady', 'HoldlineStoreFull', 'HoldlineRefusesWrites']);
  });
});

test('no two panels of the dashboard overlap', () => {
  const cells = (valuesOf(dashboard, 'gridPos') as Record<'x' | 'y' | 'w' | 'h', number>[]).flatMap(({ x, y, w, h }) =>
    Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
  );
  expect(new Set(cells).size).toBe(cells.length);
});
