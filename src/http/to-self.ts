import type { Mailbox } from '../signalling/message.ts';
import { isObject, MAX_SEND_BATCH, pointerOf, type Fault } from '../wire/index.ts';

const NONE: readonly Fault[] = [];

/** Where a sender names itself as the recipient, in the body as it came: whatever else is wrong there is told beside it. */
export function faultsToSelf(schema: string, json: unknown, { participantId }: Mailbox): readonly Fault[] {
  if (!isObject(json)) return NONE;
  if (schema === 'sendMessage') return json.to === participantId ? [faultAt(['to'])] : NONE;
  // Of more than there may be, none is judged.
  if (schema !== 'sendMessages' || !Array.isArray(json.messages) || json.messages.length > MAX_SEND_BATCH) return NONE;
  return json.messages.flatMap((message: unknown, index) =>
    isObject(message) && message.to === participantId ? [faultAt(['messages', index, 'to'])] : [],
  );
}

const faultAt = (path: readonly PropertyKey[]): Fault => ({
  pointer: pointerOf(path, 'body'),
  detail: 'must be another participant, not the sender',
});
