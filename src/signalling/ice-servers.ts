import { createHmac } from 'node:crypto';
import type { IceServer, IceServersResult } from '../wire/index.ts';
import type { Clock } from './clock.ts';
import type { ParticipantId } from './ids.ts';

export interface IceSettings {
  /** Handed out as they are. */
  readonly iceServers: readonly IceServer[];
  readonly turnUrls: readonly string[] | undefined;
  /** The first signs. A second one is the TURN server's business: it still takes what was signed before a rotation. */
  readonly turnSecret: readonly string[] | undefined;
  readonly turnTtlSeconds: number;
}

/** Servers from the settings do not run out; this is when a client would see a change of them. */
const FIXED_TTL_SECONDS = 3_600;

/**
 * The servers for one participant. TURN credentials are those of coturn's `use-auth-secret` (draft-uberti-behave-turn-rest): good
 * until a time that stands in the name, and signed, so that the TURN server needs no list of users.
 */
export function iceServersFor(
  participantId: ParticipantId,
  { iceServers, turnUrls, turnSecret, turnTtlSeconds }: IceSettings,
  clock: Clock,
): IceServersResult {
  const secret = turnSecret?.[0];
  if (turnUrls === undefined || secret === undefined) {
    return { iceServers: [...iceServers], ttlSeconds: FIXED_TTL_SECONDS };
  }
  const expiresAtSeconds = Math.floor(clock.wallMs() / 1_000) + turnTtlSeconds;
  const username = `${expiresAtSeconds}:${participantId}`;
  const credential = createHmac('sha1', secret).update(username).digest('base64');
  return { iceServers: [...iceServers, { urls: [...turnUrls], username, credential }], ttlSeconds: turnTtlSeconds };
}
