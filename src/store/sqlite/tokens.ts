import { GONE_REMEMBERED_MS, MAX_UNUSED_TOKENS } from '../../signalling/limits.ts';
import type { GoneReason } from '../../signalling/message.ts';
import type { Join, StoredToken } from '../../signalling/store.ts';
import type { TokenHandle } from '../../signalling/tokens.ts';
import type { SqliteContext } from './context.ts';
import type { Tx } from './group-commit.ts';
import type { LiveTokenRecord, ParticipantRecord } from './records.ts';
import type { LiveToken } from './rows.ts';

export function findToken(context: SqliteContext, handle: TokenHandle): StoredToken | undefined {
  const token = context.index.tokens.get(handle);
  if (token === undefined) return undefined;
  const { digest } = token;
  if (token.state === 'gone') {
    const { roomId, participantId, reason, forgetAtMs } = token;
    if (forgetAtMs <= context.clock.steadyMs()) return undefined;
    return { digest, roomId, participantId, state: 'gone', reason };
  }
  const { participantId, mailboxId } = token.participant;
  const { roomId } = token.participant.room;
  if (token.state === 'replaced') return { digest, roomId, participantId, state: 'replaced' };
  return { digest, roomId, participantId, state: token.state, mailboxId };
}

/** Adds a further token to a participant. */
export function mint(context: SqliteContext, participant: ParticipantRecord, token: Join['token']): void {
  insertToken(context, participant, { ...token, state: 'fresh' });
  deleteSurplus(context, participant);
}

function insertToken(context: SqliteContext, participant: ParticipantRecord, token: LiveToken): void {
  const { handle, digest, state } = token;
  const { lastInsertRowid } = context.statements.insertToken.run(participant.row, handle, digest, state);
  context.index.addToken({ row: Number(lastInsertRowid), handle, digest, state, participant });
}

/** Deletes the oldest unused tokens. Keeps the first replaced token, which is the one used last if any was used. */
function deleteSurplus(context: SqliteContext, participant: ParticipantRecord): void {
  const { tokens } = participant;
  if (tokens.length <= MAX_UNUSED_TOKENS) return;
  const fresh = tokens.filter(({ state }) => state === 'fresh').slice(0, -MAX_UNUSED_TOKENS);
  const replaced = tokens.filter(({ state }) => state === 'replaced').slice(1, -MAX_UNUSED_TOKENS);
  deleteTokens(context, participant, [...fresh, ...replaced]);
}

function deleteTokens(
  { statements, index }: SqliteContext,
  participant: ParticipantRecord,
  tokens: readonly LiveTokenRecord[],
): void {
  participant.tokens = participant.tokens.filter((token) => !tokens.includes(token));
  for (const { row, handle } of tokens) {
    index.tokens.delete(handle);
    if (row === undefined) statements.updateParticipant(participant.row, participant.columns);
    else statements.deleteToken.run(row);
  }
}

/**
 * Records the first use of a token in memory only, if its participant has no other token and no join key, as in nearly
 * all cases. After a restart the token is fresh again, and its next use deletes nothing either.
 * @returns false when the claim needs a transaction
 */
export function claimInMemory(context: SqliteContext, handle: TokenHandle): boolean {
  const token = context.index.tokens.get(handle);
  if (token?.state !== 'fresh') return true;
  if (token.participant.tokens.length > 1 || token.participant.joinKey !== undefined) return false;
  token.state = 'used';
  return true;
}

/** Records the first use: deletes the other tokens of the participant and the idempotency key of its join. */
export function claim(context: SqliteContext, tx: Tx, handle: TokenHandle): void {
  const { statements, index } = context;
  const token = index.tokens.get(handle);
  if (token?.state !== 'fresh') return;
  const { participant, row } = token;
  tx.touch(participant.room.roomId);
  const others = participant.tokens.filter((other) => other !== token);
  deleteTokens(context, participant, others);
  token.state = 'used';
  if (row !== undefined) statements.useToken.run(row);
  index.setJoinKey(participant, undefined);
  statements.updateParticipant(participant.row, participant.columns);
}

/** From now on the tokens of `from` only prove identity, for `to`. Leaves the row of `to` to the caller. */
export function replaceTokens(context: SqliteContext, from: ParticipantRecord, to: ParticipantRecord): void {
  for (const { handle, digest } of takeTokens(context, from)) {
    insertToken(context, to, { handle, digest, state: 'replaced' });
  }
}

/** Remembers live tokens as `gone` for a while; deletes replaced ones. */
export function endTokens(context: SqliteContext, tx: Tx, participant: ParticipantRecord, reason: GoneReason): void {
  const { mailboxId, participantId, room } = participant;
  const { roomId } = room;
  const forgetAtMs = Math.floor(context.clock.steadyMs() + GONE_REMEMBERED_MS);
  for (const { handle, digest, state } of takeTokens(context, participant)) {
    if (state === 'replaced') continue;
    const gone = { handle, digest, roomId, participantId, reason, forgetAtMs };
    const row = context.statements.insertGoneToken(gone);
    context.index.addGoneToken(tx, { ...gone, row, state: 'gone', mailboxId });
  }
}

/** Takes all tokens away from a participant, whose row is rewritten or deleted next. */
function takeTokens({ statements, index }: SqliteContext, participant: ParticipantRecord): readonly LiveTokenRecord[] {
  const { tokens } = participant;
  participant.tokens = [];
  if (tokens.some(({ row }) => row !== undefined)) statements.deleteTokensOf.run(participant.row);
  for (const { handle } of tokens) index.tokens.delete(handle);
  return tokens;
}
