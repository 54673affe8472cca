import { describe, expect, test } from '@jest/globals';
import { type Exchange, joinRoom, type Mailbox, type ReceivedMessage } from '../../../src/client/index.ts';
import { onCleanUp } from '../../support/clean-up.ts';
import { newRoom } from '../../support/member.ts';
import { ASKED, AT, IMPATIENT_SECONDS, type Office } from '../../support/networks/office.ts';
import type { Road } from '../../support/networks/road.ts';
import { RoadMember } from '../../support/networks/road-member.ts';

type Site = 'nginx' | 'impatientNginx' | 'retryingNginx' | 'exhaustedNginx' | 'postingNginx';

export function describeShortWindows(office: () => Office): void {
  const road = (site: Site) => office().tunnel(office().alice, AT[site]);

  test(`behind an nginx that waits ${IMPATIENT_SECONDS} s, the client learns to poll shorter, and misses nothing`, async () => {
    const callee = await clientOf(road('impatientNginx'), 'callee');
    const caller = await RoadMember.join(road('nginx'), callee.mailbox.roomId, 'caller');
    await callee.next(({ type }) => type === 'participant-joined');
    await caller.send({ type: 'custom', payload: 'before any cut' });
    await callee.next(({ payload }) => payload === 'before any cut');
    await callee.untilPoll(({ kind }) => kind === 'ok' && callee.mailbox.waitSeconds < IMPATIENT_SECONDS);
    await caller.send({ type: 'custom', payload: 'after the cuts' });
    await callee.next(({ payload }) => payload === 'after the cuts');
    expect(callee.payloads).toEqual(['before any cut', 'after the cuts']);
  });

  describe('behind an nginx that asks its other upstream when the first one takes too long', () => {
    test('a poll that was asked twice is answered once, and its messages stay until they are acknowledged', async () => {
      const callee = await RoadMember.join(road('retryingNginx'), newRoom(), 'callee');
      const caller = await RoadMember.join(road('nginx'), callee.roomId, 'caller');
      const { cursor: after } = await callee.poll();
      const poll = callee.poll({ after, wait: 50 });
      await office().nginx.said(new RegExp(`upstream timed out.*"GET /v1/rooms/${callee.roomId}/`));
      const { id } = await caller.send({ type: 'custom', payload: 'to the second attempt' });
      expect(await poll).toMatchObject({ messages: [{ id }] });
      expect(await callee.poll({ after })).toMatchObject({ messages: [{ id }] });
    });

    test('a POST is not asked again: it gives up after one window', async () => {
      const { status, asked } = await pollInVain('POST', 'postingNginx');
      expect(status).toBe(504);
      expect(asked).toHaveLength(1);
    });

    test('after both it takes the server for dead, for all clients; nothing is lost in it', async () => {
      const { status, asked, callee } = await pollInVain('GET', 'exhaustedNginx');
      expect(status).toBe(504);
      expect(new Set(asked).size).toBe(2);
      const { fetch, url } = road('exhaustedNginx');
      expect((await fetch(`${url}/readyz`)).status).toBe(502);
      const caller = await RoadMember.join(road('nginx'), callee.roomId, 'caller');
      expect(await callee.poll()).toMatchObject({
        messages: [{ type: 'participant-joined', payload: { participant: { participantId: caller.id } } }],
      });
    });
  });

  /** A poll that no message ends, of somebody who else goes another way; and the upstream addresses that nginx has asked for it. */
  async function pollInVain(method: 'GET' | 'POST', site: Site) {
    const callee = await RoadMember.join(road('nginx'), newRoom(), 'callee');
    const { url, fetch } = road(site);
    const messages = `${url}/v1/rooms/${callee.roomId}/messages`;
    const headers = { Authorization: `Bearer ${callee.token}` };
    const body = { method, headers: { ...headers, 'Content-Type': 'application/json' }, body: '{}' };
    const polling = method === 'GET' ? fetch(messages, { headers }) : fetch(`${messages}/poll`, body);
    const { status, headers: answered } = await polling;
    return { callee, status, asked: answered.get(ASKED)?.split(', ') };
  }
}

/** The published client, how its last poll has ended, and what it has received. */
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

  /** Of the messages that participants sent, in the order in which they came. */
  get payloads(): unknown[] {
    return this.#messages.filter(({ type }) => type === 'custom').map(({ payload }) => payload);
  }

  /** Resolves once such a message has come. */
  next(is: (message: ReceivedMessage) => boolean): Promise<void> {
    return this.#until(() => this.#messages.some(is));
  }

  /** Resolves once the last poll to end was such a one. */
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

async function clientOf({ url: baseUrl, fetch }: Road, participantId: string): Promise<Client> {
  return new Client(await joinRoom({ baseUrl, fetch, roomId: newRoom(), participantId }));
}
