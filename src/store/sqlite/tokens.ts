import { GONE_REMEMBERED_MS } from '../../signalling/limits.ts';
import type { GoneReason } from '../../signalling/message.ts';
import type { Join, StoredToken } from '../../signalling/store.ts';
import type { TokenHandle } from '../../signalling/tokens.ts';
import type { SqliteContext } from './context.ts';
import type { Tx } from './group-commit.ts';
import type { ParticipantRecord, TokenRecord } from './records.ts';

export function findToken(context: SqliteContext, handle: TokenHandle): StoredToken | undefined {
  const token = context.directory.tokens.get(handle);
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
  context.statements.insertToken.run(token.handle, token.digest, participant.row, roomId, participantId);
  context.directory.addToken({ ...token, roomId, participantId, state: 'fresh', participant });
}

/** The first use: the others of its participant end, and the key it was minted under is forgotten. */
export function claim(context: SqliteContext, tx: Tx, handle: TokenHandle): void {
  const token = context.directory.tokens.get(handle);
  if (token?.state !== 'fresh') return;
  const { participant } = token;
  tx.touch(token.roomId);
  context.statements.useToken.run(handle);
  context.statements.deleteOtherTokens.run(participant.row, handle);
  context.statements.deleteJoinsOf.run(participant.row);
  forgetTokensOf(context, participant);
  context.directory.addToken({ ...token, state: 'used' });
}

/** The tokens of `from` prove identity for `to` from now on, and nothing else. */
export function replaceTokens(context: SqliteContext, from: ParticipantRecord, to: ParticipantRecord): void {
  context.statements.replaceTokens.run(to.row, from.row);
  const tokens = forgetTokensOf(context, from);
  for (const { handle, digest, roomId, participantId } of tokens) {
    context.directory.addToken({ handle, digest, roomId, participantId, state: 'replaced', participant: to });
  }
}

/** Live tokens are told for a while how their participant went; replaced ones end with it. */
export function endTokens(context: SqliteContext, participant: ParticipantRecord, reason: GoneReason): void {
  const forgetAtMs = Math.floor(context.clock.steadyMs() + GONE_REMEMBERED_MS);
  context.directory.departed.set(participant.mailboxId, reason);
  context.statements.deleteReplacedTokens.run(participant.row);
  context.statements.endTokens.run(reason, forgetAtMs, participant.row);
  for (const { state, handle, digest, roomId, participantId } of forgetTokensOf(context, participant)) {
    if (state !== 'replaced')
      context.directory.addToken({
        handle,
        digest,
        roomId,
        participantId,
        state: 'gone',
        reason,
        forgetAtMs,
        mailboxId: participant.mailboxId,
      });
  }
}

function forgetTokensOf(context: SqliteContext, participant: ParticipantRecord): readonly TokenRecord[] {
  const tokens = participant.tokens;
  for (const { handle } of tokens) context.directory.tokens.delete(handle);
  participant.tokens = [];
  return tokens;
}
