import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { cleanUp } from '../support/clean-up.ts';
import { type Answer, answerOf, expectProblem } from '../support/conformance.ts';
import { Connection } from '../support/connection.ts';
import { closeServices, type ListeningService, startService } from '../support/holdline.ts';
import { exchange, pointersOf } from '../support/http.ts';
import { ServerProcess } from '../support/server-process.ts';

const PAGE = 'https://app.example.org';
const NO_TARGETS = [
  'http://[bad/v1',
  'http://',
  'http://[/',
  'http://h:port/',
  'foo://',
  '//[a@b#c',
  '//a@b:80x#c',
  '/\\\\a::#@b',
  'http://a%@b/x',
];

let server: ListeningService;
beforeAll(async () => {
  server = await startService();
});
afterEach(cleanUp);
afterAll(closeServices);

async function answerTo(url: string, method: string, target: string, body?: unknown): Promise<Answer> {
  const connection = await Connection.open(url);
  connection.request(method, target, { headers: { Origin: PAGE }, body });
  return answerOf(await connection.reply());
}

const OF_THE_BODY = ['content-length', 'connection', 'keep-alive', 'date', 'x-request-id'];
const headersOf = ({ headers }: Answer) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !OF_THE_BODY.includes(name)));

test.each(NO_TARGETS)('the target %s is refused with problem+json', async (target) => {
  const missing = await exchange(server.url, 'GET', '/nowhere', { headers: { Origin: PAGE } });
  for (const answer of [
    await answerTo(server.url, 'GET', target),
    await answerTo(server.url, 'POST', target, { a: 1 }),
  ]) {
    expectProblem(answer, 'invalid-request');
    expect(pointersOf(answer)).toEqual(['/path']);
    expect(headersOf(answer)).toEqual(headersOf(missing));
  }
});

test('with CORS_ORIGINS, a page of the list may read why a target was refused', async () => {
  const { url } = await startService({ corsOrigins: [PAGE] });
  const missing = await exchange(url, 'GET', '/nowhere', { headers: { Origin: PAGE } });
  for (const target of NO_TARGETS) {
    const answer = await answerTo(url, 'GET', target);
    expectProblem(answer, 'invalid-request');
    expect(answer.headers['access-control-allow-origin']).toBe(PAGE);
    expect(headersOf(answer)).toEqual(headersOf(missing));
  }
});

test('the target * is 404', async () => {
  expectProblem(await answerTo(server.url, 'OPTIONS', '*'), 'not-found');
});

test('no target makes the server write to stderr', async () => {
  const { url, command } = await ServerProcess.start();
  for (const target of NO_TARGETS) expect((await answerTo(url, 'GET', target)).status).toBe(400);
  command.signal('SIGTERM');
  const { stdout, stderr } = await command.ended;
  expect(
    stdout
      .trim()
      .split('\n')
      .filter((line) => !line.startsWith('{')),
  ).toEqual([]);
  expect(stderr).not.toMatch(/DEP\d+/);
});
