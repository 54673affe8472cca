import { serverScript } from './peer.ts';
import { plainRelay, stock } from './plain-relay.ts';
import type { System } from './system.ts';

export const floor: System = {
  ...plainRelay,
  name: 'floor',
  title: 'bare node:http relay (the floor)',
  version: () => `node ${process.versions.node}`,
  missing: () => undefined,
  serve: (port) => serverScript('floor', port),
  stock,
};
