import { afterEach, describe, expect, test } from '@jest/globals';
import { closeServices, createService } from '../support/holdline.ts';
import { call, exchange } from '../support/http.ts';
import { join, newRoom } from '../support/member.ts';
import { scrape } from './series.ts';

afterEach(closeServices);

/** The documented series. */
const DOCUMENTED = [
  'holdline_held_polls',
  'holdline_network_windows',
  'holdline_participants',
  'holdline_rooms',
  'holdline_messages_total{outcome="delivered"}',
  'holdline_messages_total{outcome="expired"}',
  'holdline_messages_total{outcome="undeliverable"}',
  'holdline_messages_stored_total{type="offer"}',
  'holdline_delivery_seconds_bucket{le="0.01",poll="held"}',
  ...['message', 'window', 'shortened', 'superseded', 'gone', 'client_closed', 'draining', 'refused'].map(
    (cause) => `holdline_poll_ends_total{cause="${cause}"}`,
  ),
  'holdline_commit_seconds_bucket{le="0.001"}',
  'holdline_commit_operations_bucket{le="1"}',
  'holdline_store_live_bytes',
  'holdline_store_limit_bytes',
  'holdline_store_file_bytes',
  'holdline_store_full',
  'holdline_http_requests_total{operation="joinRoom",status="201",code=""}',
  'holdline_http_request_seconds_count{operation="joinRoom"}',
  'holdline_participants_gone_total{reason="timeout"}',
  'holdline_ready',
  'process_resident_memory_bytes',
  'process_cpu_seconds_total',
  ...['p50', 'p99', 'max'].map((which) => `nodejs_eventloop_lag_${which}_seconds`),
];

describe('/metrics', () => {
  test('has every documented series', async () => {
    const { app } = await createService();
    const alice = await join(app, newRoom(), 'alice');
    const bob = await join(app, alice.roomId, 'bob');
    await bob.send({ to: 'alice', type: 'ringing' });
    await alice.poll();
    const series = await scrape(app);
    expect(DOCUMENTED.filter((name) => !series.has(name))).toEqual([]);
  });

  test('counts responses by operation, status and code', async () => {
    const { app } = await createService();
    const alice = await join(app, newRoom(), 'alice');
    await alice.call('sendMessage', { body: { to: 'nobody', type: 'ringing' } });
    await exchange(app, 'GET', '/wp-admin.php');
    const series = await scrape(app);
    const of = (labels: string) => series.get(`holdline_http_requests_total{${labels}}`);
    expect(of('operation="joinRoom",status="201",code=""')).toBe(1);
    expect(of('operation="sendMessage",status="404",code="recipient-not-found"')).toBe(1);
    expect(of('operation="none",status="404",code="not-found"')).toBe(1);
  });

  test('gauges the present rooms and participants', async () => {
    const { app } = await createService();
    const alice = await join(app, newRoom(), 'alice');
    await join(app, newRoom(), 'bob');
    const before = await scrape(app);
    expect(before.get('holdline_rooms')).toBe(2);
    expect(before.get('holdline_participants')).toBe(2);
    expect(before.get('holdline_ready')).toBe(1);
    expect(before.get('holdline_store_live_bytes')).toBeGreaterThan(0);
    await alice.leave();
    expect((await scrape(app)).get('holdline_rooms')).toBe(1);
  });

  test('gains no series through rooms, participants, payloads and paths that callers choose', async () => {
    const { app } = await createService({ rateLimit: 'off' });
    const traffic = async (): Promise<void> => {
      const alice = await join(app, newRoom());
      const bob = await join(app, alice.roomId);
      await alice.send({ to: bob.id, type: 'custom', payload: { kind: alice.id } });
      await bob.poll();
      await exchange(app, 'GET', `/${alice.id}`);
      await exchange(app, 'PATCH', `/v1/rooms/${alice.id}/messages`);
    };
    await traffic();
    await scrape(app);
    // Those of the process itself, such as kinds of garbage collection, come without requests.
    const ownSeries = async () => [...(await scrape(app)).keys()].filter((name) => name.startsWith('holdline_'));
    const names = await ownSeries();
    for (let round = 0; round < 5; round += 1) await traffic();
    expect(await ownSeries()).toEqual(names);
  });

  test('has the media type of the Prometheus text format', async () => {
    const { app } = await createService();
    const { headers } = await call(app, 'getMetrics', {});
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  });
});
