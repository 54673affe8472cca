import { createHmac } from 'node:crypto';
import type { IceServer, IceServersResult } from '../wire/index.ts';
import type { Clock } from './clock.ts';
import type { ParticipantId } from './ids.ts';

export interface IceSettings {
  /** Returned unchanged. */
  readonly iceServers: readonly IceServer[];
  readonly turnUrls: readonly string[] | undefined;
  /** The first one signs. A second one is for the TURN server, which accepts it during a rotation. */
  readonly turnSecret: readonly string[] | undefined;
  readonly turnTtlSeconds: number;
}

/** Configured servers do not expire. After this time a client should fetch them again, to see changes. */
const FIXED_TTL_SECONDS = 3_600;

/**
 * TURN credentials follow coturn's `use-auth-secret` (draft-uberti-behave-turn-rest): the user name contains the expiry
 * time and the credential is its signature, so that the TURN server needs no list of users.
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
