import { afterAll, expect, test } from '@jest/globals';
import { createLog } from '../../src/log.ts';
import { closeServices, createService } from '../support/holdline.ts';
import { exchange } from '../support/http.ts';

afterAll(closeServices);

const PREFLIGHT = { Origin: 'https://app.example.org', 'Access-Control-Request-Method': 'POST' };

test('with LOG_LEVEL=debug, each response is logged with the request id that the client got', async () => {
  const lines: string[] = [];
  const { app } = await createService({}, { log: createLog('debug', { write: (line) => lines.push(line) }) });
  const answers = [
    await exchange(app, 'POST', '/v1/rooms/r/participants'),
    await exchange(app, 'GET', '/v1/rooms/r/participants'),
    await exchange(app, 'GET', '/v1/nowhere'),
    await exchange(app, 'PUT', '/v1/rooms/r/messages'),
    await exchange(app, 'GET', '/v1/rooms/%ff/participants'),
    await exchange(app, 'OPTIONS', '/v1/rooms/r/messages', { headers: PREFLIGHT }),
    await exchange(app, 'GET', '/docs/swagger-ui.css'),
  ];
  const logged = lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ msg }) => msg === 'answered');
  expect(logged.map(({ operation, status }) => `${String(operation)} ${String(status)}`)).toEqual([
    'joinRoom 201',
    'listParticipants 401',
    'none 404',
    'none 405',
    'none 400',
    'preflight 204',
    'asset 200',
  ]);
  expect(logged.map(({ requestId }) => requestId)).toEqual(answers.map(({ headers }) => headers['x-request-id']));
});
