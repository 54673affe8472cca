import { decodeCursor } from '../../signalling/cursor.ts';
import type { Handler } from '../request/call.ts';
import { noContent } from '../response/reply.ts';

export const acknowledgeMessages: Handler<'acknowledgeMessages'> = async ({ caller, body }, { signalling }) => {
  await signalling.acknowledge(caller, decodeCursor(body.cursor));
  return noContent;
};
