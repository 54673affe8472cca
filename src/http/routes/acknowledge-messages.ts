import { decodeCursor } from '../../signalling/cursor.ts';
import type { Handler } from '../call.ts';
import { noContent } from '../reply.ts';

export const acknowledgeMessages: Handler<'acknowledgeMessages'> = async ({ caller, body }, { signalling }) => {
  await signalling.acknowledge(caller, decodeCursor(body.cursor));
  return noContent;
};
