import { newMailboxId, type ParticipantId, type RoomId } from '../../../src/signalling/ids.ts';
import type { Joined, Store } from '../../../src/signalling/store.ts';
import { mintToken } from '../../../src/signalling/tokens.ts';

/** Joins a new participant directly in the store. */
export async function join(store: Store, room: string, id: string, idleTimeoutMs: number): Promise<Joined> {
  const { handle, digest } = mintToken();
  return store.join({
    roomId: room as RoomId,
    participantId: id as ParticipantId,
    resume: false,
    proof: { kind: 'none' },
    profile: {},
    defaultIdleTimeoutMs: idleTimeoutMs,
    token: { handle, digest },
    mailboxId: newMailboxId(),
  });
}
