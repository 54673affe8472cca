import { packageMissing, packageVersion, serverScript } from './peer.ts';
import { plainRelay } from './plain-relay.ts';
import type { System } from './system.ts';

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
