import type { JsonText, ParticipantId } from '../../signalling/ids.ts';
import type { Draft } from '../../signalling/signalling.ts';
import type { SendRequest } from '../../wire/index.ts';
import { memberSource } from '../request/json-text.ts';

/** The message with its payload as it stands in `source`, its JSON; nobody parses or writes it again on its way. */
export function draftOf(message: SendRequest, source: string, defaultTtlSeconds: number): Draft {
  const { to, type, callId, ttlSeconds = defaultTtlSeconds } = message;
  const payload = memberSource(source, 'payload') as JsonText | undefined;
  return { to: to as ParticipantId | undefined, type, payload, callId, lifetimeMs: ttlSeconds * 1_000 };
}
