import type { HttpClient } from '../load/http-client.ts';
import { expectSuccess } from '../load/reply.ts';
import { candidate, incoming, type Incoming, type Outgoing } from '../load/message.ts';
import { packageMissing, packageVersion, serverScript, type Participant, type System } from './system.ts';

const JSON_BODY = 'Content-Type: application/json\r\n';

/** The floor and Express have the same small API. */
const plainRelay: Pick<System, 'transport' | 'keeps' | 'join'> = { transport: 'polls', keeps: 'in memory', join };

export const floor: System = {
  ...plainRelay,
  name: 'floor',
  title: 'bare node:http relay (the floor)',
  version: () => `node ${process.versions.node}`,
  missing: () => undefined,
  serve: (port) => serverScript('floor', port),
  stock,
};

export const express: System = {
  ...plainRelay,
  name: 'express',
  title: 'Express + express.json',
  version: () => packageVersion('express'),
  missing: () => packageMissing('express'),
  serve: (port) => serverScript('express', port),
};

export const expressHelmet: System = {
  ...express,
  name: 'express-helmet',
  title: 'Express + express.json + helmet + cors',
  version: () => `${packageVersion('express')}, ${packageVersion('helmet')}`,
  serve: (port) => serverScript('express', port, { HARDENED: '1' }),
};

/** Two participants with `count` messages each, which are never fetched. */
async function stock(http: HttpClient, room: string, count: number): Promise<void> {
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
