import type { HttpClient } from '../load/http-client.ts';
import { expectSuccess } from '../load/reply.ts';
import { incoming, type Incoming, type Outgoing } from '../load/message.ts';
import { packageMissing, packageVersion, peerRelay, type Participant, type System } from './system.ts';

const JSON_BODY = 'Content-Type: application/json\r\n';
const CONNECTION_TYPE = 'long-polling';

export const faye: System = {
  name: 'faye',
  title: 'Faye, long polling',
  transport: 'polls',
  keeps: 'in memory',
  version: () => packageVersion('faye'),
  missing: () => packageMissing('faye'),
  serve: (port) => peerRelay('faye', port),
  join,
};

/** A message of the Bayeux protocol. */
interface Bayeux {
  channel: string;
  successful?: boolean;
  clientId?: string;
  data?: unknown;
}

async function join(http: HttpClient): Promise<Participant> {
  const handshake = { channel: '/meta/handshake', version: '1.0', supportedConnectionTypes: [CONNECTION_TYPE] };
  const [welcome] = await exchange(http, handshake);
  const { clientId } = welcome ?? {};
  if (clientId === undefined) throw new Error('no Bayeux handshake');
  await exchange(http, { channel: '/meta/subscribe', clientId, subscription: channelOf(clientId) });
  return new FayeParticipant(http, clientId);
}

/** Each participant has a channel of its own. */
function channelOf(id: string): string {
  return `/participants/${id}`;
}

let messageIds = 0;

async function exchange(http: HttpClient, message: Bayeux & Record<string, unknown>): Promise<Bayeux[]> {
  const body = JSON.stringify([{ ...message, id: String(messageIds++) }]);
  const reply = expectSuccess(await http.request('POST', '/bayeux', JSON_BODY, body));
  const answers = JSON.parse(reply.body) as Bayeux[];
  const refused = answers.find((answer) => answer.successful === false);
  if (refused !== undefined) throw new Error(`refused: ${JSON.stringify(refused)}`);
  return answers;
}

class FayeParticipant implements Participant {
  readonly id: string;
  readonly #http: HttpClient;
  #left = false;

  constructor(http: HttpClient, id: string) {
    this.#http = http;
    this.id = id;
  }

  async send(to: string, message: Outgoing): Promise<void> {
    const data = { from: this.id, ...message };
    await exchange(this.#http, { channel: channelOf(to), clientId: this.id, data });
  }

  async receive(): Promise<readonly Incoming[] | 'over'> {
    if (this.#left) return 'over';
    const connect = { channel: '/meta/connect', clientId: this.id, connectionType: CONNECTION_TYPE };
    const answers = await exchange(this.#http, connect).catch((error: unknown) => {
      if (this.#left) return []; // The server has removed this client.
      throw error;
    });
    return incoming(answers.map((answer) => answer.data));
  }

  async leave(): Promise<void> {
    this.#left = true;
    await exchange(this.#http, { channel: '/meta/disconnect', clientId: this.id });
  }
}
