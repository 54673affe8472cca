import { randomUUID } from 'node:crypto';
import { Arrivals } from '../load/arrivals.ts';
import type { HttpClient } from '../load/http-client.ts';
import { incoming, type Incoming, type Outgoing } from '../load/message.ts';
import type { TextSocket } from '../load/web-socket.ts';
import { packageMissing, packageVersion, peerRelay, type Participant, type System } from './system.ts';

/** Sends nothing to idle sockets: the least that a held WebSocket costs. */
export const bareWs: System = {
  name: 'ws',
  title: 'bare ws relay',
  transport: 'WebSocket',
  keeps: 'in memory',
  version: () => packageVersion('ws'),
  missing: () => packageMissing('ws'),
  serve: (port) => peerRelay('ws', port),
  join,
};

async function join(http: HttpClient, room: string): Promise<Participant> {
  const id = randomUUID();
  return new WsParticipant(await http.webSocket(`/${room}/${id}`), id);
}

/** A message counts as accepted once it is written: the server does not confirm it. */
class WsParticipant implements Participant {
  readonly id: string;
  readonly #socket: TextSocket;
  readonly #messages = new Arrivals<Incoming>();

  constructor(socket: TextSocket, id: string) {
    this.id = id;
    this.#socket = socket;
    socket.onText = (text) => this.#messages.push(...incoming([JSON.parse(text)]));
    socket.onClose = () => this.#messages.end();
  }

  send(to: string, message: Outgoing): Promise<void> {
    this.#socket.send(JSON.stringify({ from: this.id, to, ...message }));
    return Promise.resolve();
  }

  receive(): Promise<readonly Incoming[] | 'over'> {
    return this.#messages.next();
  }

  leave(): Promise<void> {
    this.#socket.close();
    return Promise.resolve();
  }
}
