import type { HttpClient } from '../load/http-client.ts';
import { incoming, type Incoming, type Outgoing } from '../load/message.ts';
import { openSession, type EngineSession } from './engine-io.ts';
import { packageMissing, packageVersion, serverScript } from './peer.ts';
import type { Participant, System } from './system.ts';

/** Packet types of the socket.io protocol, version 5. */
const CONNECT = '0';
const EVENT = '2';

export const socketIo: System = {
  name: 'socket.io',
  title: 'socket.io, polling',
  keeps: 'in memory',
  version: () => packageVersion('socket.io'),
  missing: () => packageMissing('socket.io'),
  serve: (port) => serverScript('socket-io', port),
  join,
};

async function join(http: HttpClient): Promise<Participant> {
  const session = await openSession(http, '/socket.io/');
  await session.send(CONNECT);
  const packets = await session.receive();
  const connected = packets === 'over' ? undefined : packets.find((packet) => packet.startsWith(CONNECT));
  if (connected === undefined) throw new Error('socket.io did not connect');
  const { sid } = JSON.parse(connected.slice(1)) as { sid: string };
  return new SocketParticipant(session, sid);
}

class SocketParticipant implements Participant {
  readonly id: string;
  readonly #session: EngineSession;

  constructor(session: EngineSession, id: string) {
    this.#session = session;
    this.id = id;
  }

  send(to: string, message: Outgoing): Promise<void> {
    return this.#session.send(EVENT + JSON.stringify(['message', { from: this.id, to, ...message }]));
  }

  async receive(): Promise<readonly Incoming[] | 'over'> {
    const packets = await this.#session.receive();
    if (packets === 'over') return 'over';
    const events = packets.filter((packet) => packet.startsWith(EVENT));
    return incoming(events.map((packet) => (JSON.parse(packet.slice(1)) as unknown[])[1]));
  }

  leave(): Promise<void> {
    return this.#session.close();
  }
}
