import { describe, expect, test } from '@jest/globals';
import { type Exchange, joinRoom, type Mailbox, type ReceivedMessage } from '../../../src/client/index.ts';
import { onCleanUp } from '../../support/clean-up.ts';
import { newRoom } from '../../support/member.ts';
import {
  UPSTREAMS_HEADER,
  ENDPOINTS,
  IMPATIENT_SECONDS,
  type CorporateProxyNetwork,
} from '../../support/networks/corporate-proxy-network.ts';
import type { HttpRoute } from '../../support/networks/http-route.ts';
import { RoutedMember } from '../../support/networks/routed-member.ts';

type Site = 'nginx' | 'impatientNginx' | 'retryingNginx' | 'exhaustedNginx' | 'postingNginx';

export function describeShortWindows(network: () => CorporateProxyNetwork): void {
  const route = (site: Site) => network().tunnel(network().alice, ENDPOINTS[site]);

  test(`behind an nginx with a timeout of ${IMPATIENT_SECONDS} s, the client learns to poll shorter, and misses nothing`, async () => {
    const callee = await clientOf(route('impatientNginx'), 'callee');
    const caller = await RoutedMember.join(route('nginx'), callee.mailbox.roomId, 'caller');
    await callee.next(({ type }) => type === 'participant-joined');
    await caller.send({ type: 'custom', payload: 'before any cut' });
    await callee.next(({ payload }) => payload === 'before any cut');
    await callee.untilPoll(({ kind }) => kind === 'ok' && callee.mailbox.waitSeconds < IMPATIENT_SECONDS);
    await caller.send({ type: 'custom', payload: 'after the cuts' });
    await callee.next(({ payload }) => payload === 'after the cuts');
    expect(callee.payloads).toEqual(['before any cut', 'after the cuts']);
  });

  describe('behind an nginx that tries its other upstream after a timeout', () => {
    test('a poll that nginx sent twice is answered once, and its messages stay until they are acknowledged', async () => {
      const callee = await RoutedMember.join(route('retryingNginx'), newRoom(), 'callee');
      const caller = await RoutedMember.join(route('nginx'), callee.roomId, 'caller');
      const { cursor: after } = await callee.poll();
      const poll = callee.poll({ after, wait: 50 });
      await network().nginx.untilPrinted(new RegExp(`upstream timed out.*"GET /v1/rooms/${callee.roomId}/`));
      const { id } = await caller.send({ type: 'custom', payload: 'to the second attempt' });
      expect(await poll).toMatchObject({ messages: [{ id }] });
      expect(await callee.poll({ after })).toMatchObject({ messages: [{ id }] });
    });

    test('nginx does not repeat a POST, and gives up after one timeout', async () => {
      const { status, asked } = await pollWithoutMessage('POST', 'postingNginx');
      expect(status).toBe(504);
      expect(asked).toHaveLength(1);
    });

    test('after both upstreams time out, nginx refuses all clients, and no message is lost', async () => {
      const { status, asked, callee } = await pollWithoutMessage('GET', 'exhaustedNginx');
      expect(status).toBe(504);
      expect(new Set(asked).size).toBe(2);
      const { fetch, url } = route('exhaustedNginx');
      expect((await fetch(`${url}/readyz`)).status).toBe(502);
      const caller = await RoutedMember.join(route('nginx'), callee.roomId, 'caller');
      expect(await callee.poll()).toMatchObject({
        messages: [{ type: 'participant-joined', payload: { participant: { participantId: caller.id } } }],
      });
    });
  });

  /** Polls through the site without a message, and returns the upstream addresses to which nginx sent the poll. */
  async function pollWithoutMessage(method: 'GET' | 'POST', site: Site) {
    const callee = await RoutedMember.join(route('nginx'), newRoom(), 'callee');
    const { url, fetch } = route(site);
    const messages = `${url}/v1/rooms/${callee.roomId}/messages`;
    const headers = { Authorization: `Bearer ${callee.token}` };
    const body = { method, headers: { ...headers, 'Content-Type': 'application/json' }, body: '{}' };
    const polling = method === 'GET' ? fetch(messages, { headers }) : fetch(`${messages}/poll`, body);
    const { status, headers: answered } = await polling;
    return { callee, status, asked: answered.get(UPSTREAMS_HEADER)?.split(', ') };
  }
}

/** The published client, with the end of its last poll and its received messages. */
class Client {
  readonly mailbox: Mailbox;
  #lastPoll: Exchange | undefined;
  readonly #messages: ReceivedMessage[] = [];
  readonly #watchers = new Set<() => void>();

  constructor(mailbox: Mailbox) {
    this.mailbox = mailbox;
    onCleanUp(() => mailbox.close());
    mailbox.on('exchange', (exchange) => {
      if (exchange.operation === 'pollMessages') this.#lastPoll = exchange;
      for (const look of this.#watchers) look();
    });
    mailbox.on('message', (message) => {
      this.#messages.push(message);
      for (const look of this.#watchers) look();
    });
  }

  /** Payloads of the messages that participants sent, in their order of arrival. */
  get payloads(): unknown[] {
    return this.#messages.filter(({ type }) => type === 'custom').map(({ payload }) => payload);
  }

  /** Resolves once a message matches, past or future. */
  next(is: (message: ReceivedMessage) => boolean): Promise<void> {
    return this.#until(() => this.#messages.some(is));
  }

  /** Resolves once the last poll that ended matches. */
  untilPoll(is: (poll: Exchange) => boolean): Promise<void> {
    return this.#until(() => this.#lastPoll !== undefined && is(this.#lastPoll));
  }

  #until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!holds()) return;
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
      look();
    });
  }
}

async function clientOf({ url: baseUrl, fetch }: HttpRoute, participantId: string): Promise<Client> {
  return new Client(await joinRoom({ baseUrl, fetch, roomId: newRoom(), participantId }));
}
