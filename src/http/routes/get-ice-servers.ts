import type { Handler } from '../call.ts';
import { ok } from '../reply.ts';
import { iceServersView } from '../views.ts';

export const getIceServers: Handler<'getIceServers'> = (_call, { settings }) =>
  ok(JSON.stringify(iceServersView(settings)));
