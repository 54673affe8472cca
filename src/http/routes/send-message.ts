import type { Handler } from '../request/call.ts';
import { created } from '../response/reply.ts';
import { receiptView } from '../response/json.ts';
import { draftOf } from './drafts.ts';

export const sendMessage: Handler<'sendMessage'> = async (
  { caller, body, bodyText, idempotency },
  { signalling, settings },
) => {
  const drafts = [draftOf(body, bodyText, settings.defaultTtlSeconds)];
  const { receipts, replayed } = await signalling.send(caller, 'sendMessage', drafts, idempotency);
  const [receipt] = receipts.map(receiptView);
  return created(JSON.stringify(receipt), replayed);
};
