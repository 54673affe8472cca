import { beforeEach, describe, expect, test } from '@jest/globals';
import { type Mailbox } from '../../src/client/index.ts';
import { batch, broken, forever, type HostileServer, json, message, problem } from './support/hostile-server.ts';
import { endOf, RecordedClient } from './support/recorded-client.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let client: RecordedClient;
let server: HostileServer;
beforeEach(() => {
  client = new RecordedClient();
  ({ server } = client);
});

const ended = async (mailbox: Mailbox): Promise<string> => (await endOf(mailbox)).reason;

describe('two clients with one token', () => {
  test('stop after three evictions: one mailbox ends as taken over, and sends no more requests', async () => {
    server.on('poll', async () => {
      await server.time.after(500);
      return problem(409, 'poll-superseded');
    });
    const mailbox = await client.listen();
    const end = ended(mailbox);
    await server.time.advance(HOUR);
    expect(await end).toBe('taken-over');
    expect(server.count('poll')).toBe(3);
    await expect(mailbox.send({ type: 'custom' })).rejects.toMatchObject({ code: 'taken-over' });
  });

  test('survive one eviction: a proxy may have sent the poll twice', async () => {
    server.script(
      'poll',
      () => problem(409, 'poll-superseded'),
      () => batch('c1', message('custom')),
      forever,
    );
    await client.listen();
    await server.time.advance(MINUTE);
    expect(client.received).toHaveLength(1);
  });

  test('a replaced participant ends as taken over, without joining again (fault 34)', async () => {
    server.on('poll', () => problem(410, 'participant-gone', { reason: 'replaced' }));
    const mailbox = await client.listen();
    const end = ended(mailbox);
    await server.time.advance(HOUR);
    expect([await end, server.count('join'), server.count('poll')]).toEqual(['taken-over', 1, 1]);
    expect(client.received).toEqual([]);
  });

  test('a forgotten token does not evict another participant: participant-exists ends as taken over', async () => {
    server.on('poll', () => problem(401, 'unauthenticated'));
    const mailbox = await client.listen();
    server.on('join', () => problem(409, 'participant-exists'));
    const end = ended(mailbox);
    await server.time.advance(MINUTE);
    expect(await end).toBe('taken-over');
    expect(server.all('join')[1]?.headers).not.toHaveProperty('Authorization');
  });

  test('with an access token, a forgotten token soon after joining ends as taken over instead of taking over', async () => {
    server.on('poll', () => problem(401, 'unauthenticated'));
    const mailbox = await client.listen({ accessToken: 'jwt' });
    const end = ended(mailbox);
    await server.time.advance(MINUTE);
    expect([await end, server.count('join')]).toEqual(['taken-over', 1]);
  });
});

describe('a participant that is gone', () => {
  test.each(['left', 'removed', 'something-new'])(
    'for the reason "%s" ends, and rejects pending sends',
    async (reason) => {
      server.on('poll', () => problem(410, 'participant-gone', { reason }));
      server.on('send', broken);
      const mailbox = await client.listen();
      const sending = mailbox.send({ type: 'custom' });
      const end = ended(mailbox);
      await Promise.all([
        expect(sending).rejects.toMatchObject({ code: 'participant-gone' }),
        server.time.advance(MINUTE),
      ]);
      expect([await end, server.count('join')]).toEqual(['gone', 1]);
    },
  );

  test('for an hour of sleep: one poll, 410, one join under the same name, one gap, and no burst (fault 38)', async () => {
    server.on('poll', forever);
    await client.listen();
    await server.time.advance(3_000);
    server.script('poll', () => problem(410, 'participant-gone', { reason: 'timeout' }), forever);
    const before = server.asked.length;
    await server.time.sleep(HOUR);
    await server.time.advance(10_000);
    expect(server.asked.slice(before).map(({ operation }) => operation)).toEqual(['poll', 'join', 'poll']);
    expect(server.all('join')[1]?.body).toMatchObject({ participantId: 'me', resume: true });
    expect(server.all('poll').at(-1)?.headers).toMatchObject({ Authorization: 'Bearer token2' });
    expect(client.gaps).toEqual([{ cause: 'rejoined' }]);
  });

  test('again and again joins ever more slowly', async () => {
    server.on('poll', () => problem(410, 'participant-gone', { reason: 'timeout' }));
    await client.listen();
    await server.time.advance(HOUR);
    expect(server.count('join')).toBeLessThanOrEqual(1_500);
    expect(server.count('join') - server.count('poll')).toBeLessThanOrEqual(1);
  });

  test('keeps its place in the new mailbox when a batch of the old one arrives after the rejoin', async () => {
    let answerOldPoll = (): void => undefined;
    const isOld = ({ headers }: { headers: Readonly<Record<string, string>> }) =>
      headers.Authorization === 'Bearer token1';
    server.on(
      'poll',
      (asked) =>
        new Promise((resolve) => {
          if (isOld(asked)) answerOldPoll = () => resolve(batch('c9', message('custom')));
        }),
    );
    server.on('send', (asked) =>
      isOld(asked)
        ? problem(410, 'participant-gone', { reason: 'timeout' })
        : json(201, { receipts: [server.receipt()] }),
    );
    const mailbox = await client.listen();
    await server.time.advance(100);
    server.on('join', () => json(201, server.joinResult({ cursor: 'n0' })));
    await Promise.all([mailbox.send({ type: 'custom' }), server.time.advance(10_000)]);
    answerOldPoll();
    await server.time.advance(1_000);
    expect(server.all('poll').map(({ body }) => body.after)).toEqual(['c0', 'n0']);
  });

  test('joins once when its poll and its send are both refused, and the message is stored after all', async () => {
    let joined = 1;
    server.on('join', () => json(201, server.joinResult({ token: `token${(joined += 1)}` })));
    const gone = problem(410, 'participant-gone', { reason: 'timeout' });
    server.on('poll', ({ headers }) => (headers.Authorization === 'Bearer token2' ? gone : forever()));
    server.on('send', ({ headers }) =>
      headers.Authorization === 'Bearer token2' ? gone : json(201, { receipts: [server.receipt()] }),
    );
    const mailbox = await client.listen();
    const [receipt] = await Promise.all([mailbox.send({ type: 'custom' }), server.time.advance(MINUTE)]);
    expect(receipt.id).toBe('receipt1');
    expect(server.count('join')).toBe(2);
  });
});
