import { z } from 'zod';
import { must } from './fields.ts';
import { participantId, roomId } from './ids.ts';
import { displayName, metadata } from './room.ts';

/** What is read of an access token's claims once its signature and times are found good. Further claims are nobody's business. */
export const accessTokenClaims = z.object({
  sub: participantId,
  room: z.union([z.literal('*'), roomId], must('a room id, or `*` for any room')),
  name: displayName.exactOptional(),
  metadata: metadata.exactOptional(),
});
