import { afterEach, expect, test } from '@jest/globals';
import type { Log } from '../../src/log.ts';
import { cleanUp } from '../support/clean-up.ts';
import { Connection } from '../support/connection.ts';
import { closeServices, startService } from '../support/holdline.ts';
import { call } from '../support/http.ts';
import { join } from '../support/member.ts';

afterEach(cleanUp);
afterEach(closeServices);

const ignore = (): void => undefined;

test.each([
  ['resets', (connection: Connection) => connection.reset()],
  [
    'asks for a tunnel',
    (connection: Connection) => {
      connection.write('xx\r\nCONNECT a:1 HTTP/1.1\r\n\r\n');
      return connection.reset();
    },
  ],
])('a client that %s while it sends a body causes no error of the service', async (_, cutOff) => {
  const faults: unknown[] = [];
  const note = (fields: unknown): void => void faults.push(fields);
  const log = { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: note, fatal: note } as unknown as Log;
  const { url } = await startService({}, { log });
  const { roomId, token } = await join(url, 'room', 'alice');
  for (let round = 0; round < 20; round += 1) {
    const connection = await Connection.open(url);
    const length = { 'Content-Type': 'application/json', 'Content-Length': '100', Expect: '100-continue' };
    connection.request('POST', `/v1/rooms/${roomId}/messages/poll`, { token, headers: length });
    await connection.reply();
    connection.write('{"wait"');
    await cutOff(connection);
  }
  const metrics = String((await call(url, 'getMetrics', {})).body);
  expect({ faults, counted: metrics.match(/.*code="internal".*/g) }).toEqual({ faults: [], counted: null });
});
