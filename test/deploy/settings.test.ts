import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { readSettings, type Settings } from '../../src/settings/settings.ts';
import { definitions } from '../../src/settings/definitions/index.ts';
import { type Json, secondsOf, valuesOf, yamlOf } from './documents.ts';
import { deployed } from './proxy.ts';

const NAMES = new Set(
  Object.values(definitions).flatMap(({ name, ...row }) => ('secret' in row ? [name, `${name}_FILE`] : [name])),
);
/** Variables of the runtime. */
const OTHERS = ['NODE_ENV'];

const textOf = (path: string): string => readFileSync(deployed(path), 'utf8');

/** The settings in the file of each deployment. */
const ENVIRONMENTS: Record<string, () => Record<string, string>> = {
  'compose.yaml': () => {
    const [services] = valuesOf(yamlOf('compose.yaml')[0] ?? null, 'services') as {
      holdline: { environment: object };
    }[];
    return { ...services?.holdline.environment };
  },
  'kubernetes/holdline.yaml': () => {
    const [env = []] = yamlOf('kubernetes/holdline.yaml').flatMap((document) => valuesOf(document, 'env'));
    return Object.fromEntries((env as { name: string; value: string }[]).map(({ name, value }) => [name, value]));
  },
  'systemd/holdline.service': () => {
    const lines = textOf('systemd/holdline.service').matchAll(/^Environment=(.*)$/gm);
    const words = [...lines].flatMap(([, line = '']) => line.split(' '));
    return Object.fromEntries(words.map((word) => word.split(/=(.*)/s).slice(0, 2) as [string, string]));
  },
};

/** Parses them with values for the placeholders, and without files of secrets. */
function settingsOf(path: string): Settings {
  const secret = 'a-secret-of-at-least-thirty-two-bytes';
  const entries = Object.entries(ENVIRONMENTS[path]?.() ?? {})
    .filter(([name]) => !name.endsWith('_FILE'))
    .map(([name, value]) => [
      name,
      value.replaceAll(/\$\{SIGNALLING_DOMAIN\}/g, 'a.example').replace(/^\$\{.*\}$/, secret),
    ]);
  return readSettings(Object.fromEntries(entries) as Record<string, string>);
}

describe.each(Object.keys(ENVIRONMENTS))('deploy/%s', (path) => {
  test('uses only existing settings', () => {
    const names = Object.keys(ENVIRONMENTS[path]?.() ?? {});
    expect(names.length).toBeGreaterThan(2);
    expect(names.filter((name) => !NAMES.has(name) && !OTHERS.includes(name))).toEqual([]);
  });

  test('gives them valid values, with a separate admin port and one trusted proxy', () => {
    expect(settingsOf(path)).toMatchObject({ adminPort: 9090, port: 8080, trustProxy: 1 });
  });
});

describe('timeouts', () => {
  const { maxWaitSeconds, drainSeconds } = settingsOf('systemd/holdline.service');
  /** A reply may still be in transit when a window ends. */
  const SPARE_SECONDS = 10;

  test.each([
    ['nginx/holdline.conf', /proxy_read_timeout (\w+);/g],
    ['haproxy/haproxy.cfg', /timeout (?:client|server) (\w+)$/gm],
    ['caddy/Caddyfile', /read_timeout (\w+)$/gm],
    ['kubernetes/holdline.yaml', /proxy-(?:read|send)-timeout: '(\w+)'/g],
  ])('of %s exceed the hold time of polls', (path, pattern) => {
    const found = [...textOf(path).matchAll(pattern)].map(([, value = '']) => secondsOf(value));
    expect(found.length).toBeGreaterThan(0);
    expect(Math.min(...found)).toBeGreaterThanOrEqual(maxWaitSeconds + SPARE_SECONDS);
  });

  test.each([
    ['compose.yaml', /stop_grace_period: (\w+)/],
    ['systemd/holdline.service', /TimeoutStopSec=(\w+)/],
    ['kubernetes/holdline.yaml', /terminationGracePeriodSeconds: (\w+)/],
  ])('of %s allow the server to drain', (path, pattern) => {
    expect(secondsOf(pattern.exec(textOf(path))?.[1] ?? '')).toBeGreaterThan(drainSeconds + 5);
  });

  test.each(['nginx/holdline.conf', 'caddy/Caddyfile'])(
    'of %s close idle connections before the service does',
    (path) => {
      const [, idle = ''] = /keepalive(?:_timeout)? (\d+s)/.exec(textOf(path)) ?? [];
      expect(secondsOf(idle)).toBeLessThan(75);
    },
  );
});

describe('the Kubernetes manifest', () => {
  const documents = yamlOf('kubernetes/holdline.yaml');
  const one = (key: string): Json => documents.flatMap((document) => valuesOf(document, key))[0] ?? null;

  test('consists of complete objects with kind and name', () => {
    const kinds = documents.map((document) => valuesOf(document, 'kind')[0]);
    expect(kinds).toEqual(['Secret', 'Service', 'Service', 'StatefulSet', 'Ingress']);
    expect(documents).toEqual(
      documents.map(() => expect.objectContaining({ metadata: expect.objectContaining({ name: expect.any(String) }) })),
    );
  });

  test('runs one process on an unshared volume', () => {
    expect(one('replicas')).toBe(1);
    expect(one('accessModes')).toEqual(['ReadWriteOnce']);
  });

  test('probes liveness and readiness on the admin port, with time for the canary', () => {
    expect(one('livenessProbe')).toMatchObject({ httpGet: { path: '/healthz', port: 'admin' } });
    expect(one('readinessProbe')).toMatchObject({ httpGet: { path: '/readyz', port: 'admin' }, timeoutSeconds: 3 });
  });

  test('runs without privileges', () => {
    const [first, container] = documents.flatMap((document) => valuesOf(document, 'securityContext'));
    expect(first).toMatchObject({ runAsNonRoot: true });
    expect(container).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });
});

describe('compose', () => {
  const services = valuesOf(yamlOf('compose.yaml')[0] ?? null, 'services')[0] as Record<string, Record<string, Json>>;

  test('consists of Holdline, a TURN server and a TLS proxy', () => {
    expect(Object.keys(services)).toEqual(['holdline', 'caddy', 'coturn']);
  });

  test('publishes no port of Holdline itself', () => {
    expect(services.holdline).not.toHaveProperty('ports');
    expect(services.caddy?.ports).toEqual(['80:80', '443:443', '443:443/udp']);
  });

  test('mounts only existing files', () => {
    const volumes = valuesOf(services, 'volumes').flat() as string[];
    const mounted = volumes.map((volume) => volume.split(':')[0] ?? '').filter((path) => path.startsWith('./'));
    expect(mounted.length).toBe(2);
    for (const path of mounted) expect(textOf(path.slice(2))).not.toBe('');
  });
});
