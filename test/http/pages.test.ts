import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import express, { type Express } from 'express';
import { type Answer, expectProblem } from '../support/conformance.ts';
import { closeServices, createService } from '../support/holdline.ts';
import { call, exchange } from '../support/http.ts';

const PAGES = [
  ['getDemoPage', '/demo'],
  ['getDocsPage', '/docs'],
] as const;
const STRICT = /^default-src 'self';.*script-src 'self';script-src-attr 'none'/;

let app: Express;
beforeAll(async () => {
  ({ app } = await createService());
});
afterAll(closeServices);

const get = (path: string, headers: Record<string, string> = {}): Promise<Answer> =>
  exchange(app, 'GET', path, { headers });

/** The URLs that the markup of a page loads. */
const partsOf = (html: string): string[] =>
  [...html.matchAll(/<(?:link|script|img)[^>]* (?:href|src)="([^"]+)"/g)].map(([, address = '']) => address);

describe.each(PAGES)('%s', (id, path) => {
  test('has a strict content policy, nothing inline and nothing from other hosts', async () => {
    const { status, headers, body } = await call(app, id, {});
    expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(headers['content-security-policy']).toMatch(STRICT);
    expect(body).not.toMatch(/<script(?![^>]* src=)|<style| style="| on\w+="|https?:\/\//);
  });

  test('has all its files, with the usual headers', async () => {
    const parts = partsOf(String((await get(path)).body));
    expect(parts.length).toBeGreaterThan(3);
    for (const part of parts) {
      const { status, headers } = await get(part);
      expect([part, status]).toEqual([part, 200]);
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'content-length': expect.stringMatching(/^[1-9]\d*$/),
        'content-type': expect.stringMatching(/^(text\/(css|javascript); charset=utf-8|image\/svg\+xml)$/),
        'x-content-type-options': 'nosniff',
        'x-request-id': expect.any(String),
      });
    }
  });

  test('opens with unknown query parameters and with a trailing slash', async () => {
    for (const suffix of ['?fbclid=1', '/', '/?a=b']) expect((await get(path + suffix)).status).toBe(200);
  });

  test('works where the service is mounted below a path', async () => {
    const outer = express().use('/signal', app);
    const { body } = await exchange(outer, 'GET', `/signal${path}`);
    const parts = partsOf(String(body));
    expect(parts.filter((part) => !part.startsWith('/signal/'))).toEqual([]);
    for (const part of parts) expect((await exchange(outer, 'GET', part)).status).toBe(200);
  });
});

describe('files of a page', () => {
  test('are compressed for clients that accept gzip', async () => {
    const path = '/docs/swagger-ui.css';
    const zipped = await get(path, { 'Accept-Encoding': 'gzip, br' });
    const plain = await get(path, { 'Accept-Encoding': 'identity' });
    expect([zipped.headers['content-encoding'], plain.headers['content-encoding']]).toEqual(['gzip', undefined]);
    expect(Number(zipped.headers['content-length'])).toBeLessThan(Number(plain.headers['content-length']) / 4);
    expect(zipped.body).toBe(plain.body);
  });

  test.each([
    '/demo/nothing.js',
    '/demo/demo/call/index.html',
    '/demo/demo/call/tsconfig.json',
    '/demo/src/service.ts',
    '/demo/..%2f..%2fpackage.json',
    '/demo/src/client/../http/app.ts',
    '/docs/package.json',
    '/docs/%00',
  ])('do not include %s', async (path) => {
    expectProblem(await get(path), 'not-found');
  });

  test('accept only GET', async () => {
    const answer = await exchange(app, 'POST', '/docs/swagger-ui.css');
    expectProblem(answer, 'method-not-allowed');
    expect(answer.headers.allow).toBe('GET');
    const head = await exchange(app, 'HEAD', '/docs/swagger-ui.css');
    expect([head.status, head.body]).toEqual([200, '']);
  });
});

describe('DEMO=off', () => {
  test('removes the demo and its files, not the reference', async () => {
    const { app: without } = await createService({ demo: 'off' });
    expectProblem(await call(without, 'getDemoPage', {}), 'not-found');
    expectProblem(await exchange(without, 'GET', '/demo/demo/call/main.js'), 'not-found');
    expect((await call(without, 'getDocsPage', {})).status).toBe(200);
  });
});
