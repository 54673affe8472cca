import type { Handler } from '../request/call.ts';
import { elementSources, memberSource } from '../request/json-text.ts';
import { created } from '../response/reply.ts';
import { RequestProblem } from '../response/request-problem.ts';
import { receiptView } from '../response/json.ts';
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

/** @throws RequestProblem `too-large`, with a pointer to every message above the bound */
function refuseTooLarge(sources: readonly string[], maxBytes: number): void {
  const errors = sources.flatMap((source, index) => {
    const bytes = Buffer.byteLength(source);
    if (bytes <= maxBytes) return [];
    return [{ pointer: `/body/messages/${index}`, detail: `must be at most ${maxBytes} bytes of JSON, not ${bytes}` }];
  });
  const [first] = errors;
  if (first === undefined) return;
  const detail = `${first.pointer} ${first.detail}.`;
  throw new RequestProblem('too-large', detail, { errors });
}
