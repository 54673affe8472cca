import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Express } from 'express';
import { parse } from 'yaml';
import { describedRows } from '../../src/http/operations/index.ts';
import { SignallingError } from '../../src/signalling/errors.ts';
import { VERSION } from '../../src/version.ts';
import { closeServices, createService } from '../support/holdline.ts';
import { call, problemOf } from '../support/http.ts';
import { join, newRoom } from '../support/member.ts';

let app: Express;
beforeAll(async () => {
  const settings = { maxWaitSeconds: 40, maxTtlSeconds: 240, maxMailboxMessages: 7, defaultTtlSeconds: 60 };
  ({ app } = await createService(settings));
});
afterEach(() => {
  jest.restoreAllMocks();
});
afterAll(closeServices);

test('/ returns the name and version, and the paths of the documentation', async () => {
  const { status, body } = await call(app, 'getServiceInfo', {});
  expect([status, body]).toEqual([
    200,
    { name: 'holdline', version: VERSION, docs: '/docs', openapi: '/openapi.yaml' },
  ]);
});

describe('health', () => {
  test('succeeds on a working service', async () => {
    expect((await call(app, 'getHealth', {})).body).toEqual({ status: 'ok' });
    expect((await call(app, 'getReadiness', {})).body).toEqual({ status: 'ready' });
  });

  test('without its store the process is alive, but not ready', async () => {
    const broken = await createService();
    const refusal = new SignallingError('storage-unavailable', 'The message store cannot take this now. Try again.');
    jest.spyOn(broken.store, 'append').mockRejectedValue(refusal);
    const readiness = await call(broken.app, 'getReadiness', {});
    problemOf(readiness, 'storage-unavailable');
    expect(readiness.headers['retry-after']).toMatch(/^[1-9]\d*$/);
    expect((await call(broken.app, 'getHealth', {})).status).toBe(200);
  });
});

describe('the OpenAPI document', () => {
  interface Document {
    openapi: string;
    info: { version: string };
    servers: unknown;
    paths: Record<string, Record<string, { operationId: string }>>;
  }
  const documentOf = async (id: 'getOpenapiJson' | 'getOpenapi30Json'): Promise<Document> =>
    (await call(app, id, {})).body as Document;

  test('is the same as YAML and as JSON', async () => {
    const yaml = await call(app, 'getOpenapiYaml', {});
    expect(yaml.headers['content-type']).toBe('application/yaml; charset=utf-8');
    expect(parse(String(yaml.body))).toEqual(await documentOf('getOpenapiJson'));
  });

  test.each([
    ['getOpenapiJson', /^3\.1\./],
    ['getOpenapi30Json', /^3\.0\.3$/],
  ] as const)('names every operation: %s', async (id, version) => {
    const { openapi, info, servers, paths } = await documentOf(id);
    expect([openapi, info.version, servers]).toEqual([
      expect.stringMatching(version),
      VERSION,
      [expect.objectContaining({ url: '/' })],
    ]);
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { operationId }]) => [operationId, method.toUpperCase(), path]),
    );
    expect(described.sort()).toEqual(
      describedRows()
        .map(([name, { method, path }]) => [name, method, path])
        .sort(),
    );
  });

  test('has the bounds of this server', async () => {
    const text = JSON.stringify(await documentOf('getOpenapiJson'));
    expect(text).toContain('above 40 counts as 40');
    expect(text).toContain('"maximum":240');
  });
});

test('a join result has the settings of this server', async () => {
  const { limits } = (await join(app, newRoom())).joined;
  expect(limits).toMatchObject({
    maxWaitSeconds: 40,
    maxTtlSeconds: 240,
    maxMailboxMessages: 7,
    defaultTtlSeconds: 60,
  });
});
