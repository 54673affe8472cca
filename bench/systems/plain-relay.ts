import { expectSuccess, type HttpClient } from '../load/http-client.ts';
import { candidate, incoming, type Incoming, type Outgoing } from '../load/message.ts';
import type { Participant, System } from './system.ts';

const JSON_BODY = 'Content-Type: application/json\r\n';

/** The client of the floor and of Express: both servers speak the same small API. */
export const plainRelay: Pick<System, 'keeps' | 'join'> = {
  keeps: 'in memory',
  join,
};

/** Two participants with `count` messages each, which nobody fetches. */
export async function stock(http: HttpClient, room: string, count: number): Promise<void> {
  const [one, other] = [await join(http, room), await join(http, room)];
  for (let stored = 0; stored < count; stored++) {
    await one.send(other.id, candidate(stored));
    await other.send(one.id, candidate(stored));
  }
}

async function join(http: HttpClient, room: string): Promise<PlainParticipant> {
  const reply = expectSuccess(await http.request('POST', '/participants', JSON_BODY, JSON.stringify({ room })));
  const { id } = JSON.parse(reply.body) as { id: string };
  return new PlainParticipant(http, id);
}

class PlainParticipant implements Participant {
  readonly id: string;
  readonly #http: HttpClient;
  readonly #path: string;

  constructor(http: HttpClient, id: string) {
    this.#http = http;
    this.id = id;
    this.#path = `/participants/${id}`;
  }

  async send(to: string, message: Outgoing): Promise<void> {
    const body = JSON.stringify({ from: this.id, to, ...message });
    expectSuccess(await this.#http.request('POST', '/messages', JSON_BODY, body));
  }

  async receive(): Promise<readonly Incoming[] | 'over'> {
    const reply = await this.#http.request('GET', this.#path);
    if (reply.status === 410) return 'over';
    const { messages } = JSON.parse(expectSuccess(reply).body) as { messages: unknown };
    return incoming(messages);
  }

  async leave(): Promise<void> {
    expectSuccess(await this.#http.request('DELETE', this.#path));
  }
}
