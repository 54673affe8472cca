import { bareWs } from './bare-ws.ts';
import { engineIoWs, socketIoWs } from './engine-io-ws.ts';
import { engineIo, socketIo } from './engine-io.ts';
import { faye } from './faye.ts';
import { holdlineSocket } from './holdline-socket.ts';
import { holdlineFull, holdlineMemory, holdlineNormal } from './holdline.ts';
import { nchan } from './nchan.ts';
import { express, expressHelmet, floor } from './plain-relay.ts';
import { sockJs } from './sockjs.ts';
import type { System } from './system.ts';

/** Systems in the order in which each round runs them. */
export const systems: readonly System[] = [
  ...[floor, holdlineFull, holdlineSocket, engineIo, holdlineNormal, express, holdlineMemory],
  ...[bareWs, engineIoWs, socketIoWs],
  ...[socketIo, expressHelmet, sockJs, faye, nchan],
];

export function systemNamed(name: string): System {
  const system = systems.find((candidate) => candidate.name === name);
  if (system !== undefined) return system;
  throw new Error(`no system ${name}; there are ${systems.map((known) => known.name).join(', ')}`);
}
