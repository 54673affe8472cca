import type { Handler } from '../call.ts';
import { tooLarge } from '../read-body.ts';
import { created } from '../reply.ts';
import { receiptView } from '../views.ts';
import { draftOf, refuseToSelf } from './drafts.ts';

export const sendMessages: Handler<'sendMessages'> = async (
  { caller, body, idempotency },
  { signalling, settings },
) => {
  const { maxMessageBytes, defaultTtlSeconds } = settings;
  const large = body.messages.findIndex((message) => Buffer.byteLength(JSON.stringify(message)) > maxMessageBytes);
  if (large !== -1) throw tooLarge('message', maxMessageBytes, `/body/messages/${large}`);
  refuseToSelf(
    caller,
    body.messages.map((message, index) => ({ message, path: ['messages', index] })),
  );
  const drafts = body.messages.map((message) => draftOf(message, defaultTtlSeconds));
  const { receipts, replayed } = await signalling.send(caller, 'sendMessages', drafts, idempotency);
  return created(JSON.stringify({ receipts: receipts.map(receiptView) }), replayed);
};
