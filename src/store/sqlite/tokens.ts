import { GONE_REMEMBERED_MS, MAX_UNUSED_TOKENS } from '../../signalling/limits.ts';
import type { GoneReason } from '../../signalling/message.ts';
import type { Join, StoredToken } from '../../signalling/store.ts';
import type { TokenHandle } from '../../signalling/tokens.ts';
import type { SqliteContext } from './context.ts';
import type { Tx } from './group-commit.ts';
import type { ParticipantRecord, TokenRecord } from './records.ts';

export function findToken(context: SqliteContext, handle: TokenHandle): StoredToken | undefined {
  const token = context.index.tokens.get(handle);
  if (token === undefined) return undefined;
  const { digest, roomId, participantId } = token;
  if (token.state === 'gone') {
    if (token.forgetAtMs <= context.clock.steadyMs()) return undefined;
    return { digest, roomId, participantId, state: 'gone', reason: token.reason };
  }
  if (token.state === 'replaced') return { digest, roomId, participantId, state: 'replaced' };
  return { digest, roomId, participantId, state: token.state, mailboxId: token.participant.mailboxId };
}

export function mint(context: SqliteContext, participant: ParticipantRecord, token: Join['token']): void {
  const { participantId } = participant;
  const { roomId } = participant.room;
  const { insertToken } = context.statements;
  const row = Number(
    insertToken.run(token.handle, token.digest, participant.row, roomId, participantId).lastInsertRowid,
  );
  context.index.addToken({ ...token, row, roomId, participantId, state: 'fresh', participant });
  deleteSurplus(context, participant);
}

/** Deletes the oldest unused tokens. Keeps the first replaced token, which is the one used last if any was used. */
function deleteSurplus(context: SqliteContext, participant: ParticipantRecord): void {
  const { tokens } = participant;
  if (tokens.length <= MAX_UNUSED_TOKENS) return;
  const fresh = tokens.filter(({ state }) => state === 'fresh').slice(0, -MAX_UNUSED_TOKENS);
  const replaced = tokens.filter(({ state }) => state === 'replaced').slice(1, -MAX_UNUSED_TOKENS);
  const surplus = new Set([...fresh, ...replaced]);
  for (const { row, handle } of surplus) {
    context.statements.deleteToken.run(row);
    context.index.tokens.delete(handle);
  }
  participant.tokens = tokens.filter((token) => !surplus.has(token));
}

/**
 * Records the first use of a token in memory only, if its participant has no other token and no join key, as in nearly
 * all cases. After a restart the token is fresh again, and its next use deletes nothing either.
 * @returns false when the claim needs a transaction
 */
export function claimInMemory(context: SqliteContext, handle: TokenHandle): boolean {
  const token = context.index.tokens.get(handle);
  if (token?.state !== 'fresh') return true;
  if (token.participant.tokens.length > 1 || token.participant.hasJoinKey) return false;
  token.state = 'used';
  return true;
}

/** Records the first use: deletes the other tokens of the participant and the idempotency key of its join. */
export function claim(context: SqliteContext, tx: Tx, handle: TokenHandle): void {
  const token = context.index.tokens.get(handle);
  if (token?.state !== 'fresh') return;
  const { participant } = token;
  tx.touch(token.roomId);
  context.statements.useToken.run(token.row);
  context.statements.deleteOtherTokens.run(participant.row, token.row);
  forgetJoinKey(context, participant);
  forgetTokensOf(context, participant);
  context.index.addToken({ ...token, state: 'used' });
}

export function forgetJoinKey(context: SqliteContext, participant: ParticipantRecord): void {
  if (!participant.hasJoinKey) return;
  context.statements.deleteJoinsOf.run(participant.row);
  participant.hasJoinKey = false;
}

/** From now on the tokens of `from` only prove identity, for `to`. */
export function replaceTokens(context: SqliteContext, from: ParticipantRecord, to: ParticipantRecord): void {
  context.statements.replaceTokens.run(to.row, from.row);
  for (const token of forgetTokensOf(context, from)) {
    context.index.addToken({ ...identityOf(token), state: 'replaced', participant: to });
  }
}

/** Keeps live tokens as `gone` for a while; deletes replaced ones. */
export function endTokens(context: SqliteContext, participant: ParticipantRecord, reason: GoneReason): void {
  const forgetAtMs = Math.floor(context.clock.steadyMs() + GONE_REMEMBERED_MS);
  const { mailboxId, row } = participant;
  const tokens = forgetTokensOf(context, participant);
  context.index.departed.set(mailboxId, reason);
  if (tokens.some(({ state }) => state === 'replaced')) context.statements.deleteReplacedTokens.run(row);
  context.statements.endTokens.run(reason, forgetAtMs, row);
  for (const token of tokens) {
    if (token.state === 'replaced') continue;
    context.index.addToken({ ...identityOf(token), state: 'gone', reason, forgetAtMs, mailboxId });
  }
}

const identityOf = ({ row, handle, digest, roomId, participantId }: TokenRecord) => ({
  row,
  handle,
  digest,
  roomId,
  participantId,
});

function forgetTokensOf(context: SqliteContext, participant: ParticipantRecord): readonly TokenRecord[] {
  const tokens = participant.tokens;
  for (const { handle } of tokens) context.index.tokens.delete(handle);
  participant.tokens = [];
  return tokens;
}
