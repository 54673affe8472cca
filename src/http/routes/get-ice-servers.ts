import type { Handler } from '../call.ts';
import { ok } from '../reply.ts';

export const getIceServers: Handler<'getIceServers'> = ({ caller }, { iceServersFor }) =>
  ok(JSON.stringify(iceServersFor(caller.participantId)));
