import type { Handler } from '../call.ts';
import { elementSources, memberSource } from '../json-source.ts';
import { tooLarge } from '../read-body.ts';
import { created } from '../reply.ts';
import { receiptView } from '../views.ts';
import { draftOf } from './drafts.ts';

export const sendMessages: Handler<'sendMessages'> = async (
  { caller, body, bodyText, idempotency },
  { signalling, settings },
) => {
  const { maxMessageBytes, defaultTtlSeconds } = settings;
  const sources = elementSources(memberSource(bodyText, 'messages') ?? '[]');
  refuseTooLarge(sources, maxMessageBytes);
  const drafts = body.messages.map((message, index) => draftOf(message, sources[index] ?? '{}', defaultTtlSeconds));
  const { receipts, replayed } = await signalling.send(caller, 'sendMessages', drafts, idempotency);
  return created(JSON.stringify({ receipts: receipts.map(receiptView) }), replayed);
};

/** @throws RequestProblem that names every message above the bound */
function refuseTooLarge(sources: readonly string[], maxBytes: number): void {
  const pointers = sources.flatMap((source, index) =>
    Buffer.byteLength(source) > maxBytes ? [`/body/messages/${index}`] : [],
  );
  if (pointers.length > 0) throw tooLarge('message', maxBytes, pointers);
}
