import type { Handler } from '../request/call.ts';
import { ok } from '../response/reply.ts';

export const getIceServers: Handler<'getIceServers'> = ({ caller }, { iceServersFor }) =>
  ok(JSON.stringify(iceServersFor(caller.participantId)));
