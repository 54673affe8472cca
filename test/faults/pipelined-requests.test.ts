import { afterEach, expect, test } from '@jest/globals';
import { cleanUp } from '../support/clean-up.ts';
import { Connection, requestText } from '../support/connection.ts';
import { closeServices, startService } from '../support/holdline.ts';
import { call } from '../support/http.ts';
import { join } from '../support/member.ts';
import { nextPolls } from '../support/next-polls.ts';

afterEach(cleanUp);
afterEach(closeServices);

test('pipelined polls end with their connection, and the drain does not wait for them', async () => {
  const { service, url } = await startService({ drainSeconds: 600 });
  const alice = await join(url, 'one', 'alice');
  const bob = await join(url, 'two', 'bob');
  const held = nextPolls(service.store, 'held', 2);
  const ended = nextPolls(service.store, 'ended', 2);
  const connection = await Connection.open(url);
  const poll = ({ roomId, token }: typeof alice) =>
    requestText('GET', `/v1/rooms/${roomId}/messages?wait=50`, { token });
  connection.write(poll(alice) + poll(bob));
  await held;
  await connection.reset();
  await ended;
  expect(String((await call(url, 'getMetrics', {})).body)).toContain('holdline_held_polls 0\n');
  // A drain that waited for them would take longer than the test timeout.
  await service.holdline.close();
});

test.each([
  ['a CONNECT request', 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n'],
  ['bytes that are not a request', 'no request\r\n\r\n'],
  ['nothing more', ''],
])('pipelined polls followed by %s end with their connection, and leave no held poll', async (_, behind) => {
  const { service, url } = await startService({ drainSeconds: 600 });
  const members = [await join(url, 'one', 'alice'), await join(url, 'two', 'bob')];
  const ended = nextPolls(service.store, 'ended', 2);
  const connection = await Connection.open(url);
  const polls = members.map(({ roomId, token }) =>
    requestText('GET', `/v1/rooms/${roomId}/messages?wait=50`, { token }),
  );
  connection.socket.end(`${polls.join('')}${requestText('GET', '/nowhere')}${behind}`);
  await ended;
  await connection.closed;
  expect(String((await call(url, 'getMetrics', {})).body)).toContain('holdline_held_polls 0\n');
  // A drain that waited for them would take longer than the test timeout.
  await service.holdline.close();
});
