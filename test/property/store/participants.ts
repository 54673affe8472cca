import assert from 'node:assert/strict';
import { newMailboxId, type ParticipantId, type RoomId } from '../../../src/signalling/ids.ts';
import { GONE_REMEMBERED_MS, IDEMPOTENCY_KEPT_MS, MAX_UNUSED_TOKENS } from '../../../src/signalling/limits.ts';
import type { Join, Joined } from '../../../src/signalling/store.ts';
import { mintToken } from '../../../src/signalling/tokens.ts';
import type { Action } from './actions.ts';
import {
  boxById,
  boxOf,
  depart,
  enter,
  forgetKeysOf,
  othersThan,
  remove,
  tokensOf,
  type Box,
  type State,
  type Token,
} from './state.ts';
import { attempt, refusedWith, toAll, worked, type Tails, type World } from './world.ts';

export const MAX_PARTICIPANTS = 3;
export const idOf = (index: number): ParticipantId => `p${index}` as ParticipantId;
const roomOf = (index: number): RoomId => `room-${index}` as RoomId;

const IMPATIENT_MS = 20_000;
const PATIENT_MS = 7_200_000;

type Of<Kind extends Action['kind']> = Extract<Action, { readonly kind: Kind }>;

type Prediction =
  | { readonly kind: 'refused'; readonly code: 'participant-exists' | 'room-full' | 'idempotency-key-reused' }
  | { readonly kind: 'again'; readonly box: Box; readonly resumed: boolean }
  | { readonly kind: 'enter' }
  | { readonly kind: 'resume' | 'restart'; readonly box: Box };

export async function join(world: World, action: Of<'join'>): Promise<Tails> {
  const request = requestOf(world, action);
  const predicted = predict(world.state, request, world.nowMs);
  const outcome = await attempt(world.store.join(request));
  if (predicted.kind === 'refused') {
    refusedWith(outcome, predicted.code);
    return new Map();
  }
  const joined = worked(outcome);
  const tails = apply(world, request, predicted, joined);
  assert.deepEqual(
    joined.participants.map(({ participantId }) => participantId),
    [...(world.state.rooms.get(request.roomId)?.keys() ?? [])],
  );
  return tails;
}

function requestOf(world: World, { room, id, resume, token, key, body, patient }: Of<'join'>): Join {
  const [roomId, participantId] = [roomOf(room), idOf(id)];
  const own = world.state.tokens.filter((one) => one.roomId === roomId && one.participantId === participantId);
  // The newest ones first: those are likely to be good.
  const chosen = token === null ? undefined : own[own.length - 1 - (token % Math.max(1, own.length))];
  const { handle, digest } = mintToken();
  return {
    roomId,
    participantId,
    resume,
    proof: chosen === undefined ? { kind: 'none' } : { kind: 'token', handle: chosen.handle },
    profile: { idleTimeoutMs: patient ? PATIENT_MS : IMPATIENT_MS },
    defaultIdleTimeoutMs: PATIENT_MS,
    token: { handle, digest },
    mailboxId: newMailboxId(),
    ...(key !== null && { idempotency: { scope: `${room} ${id} ${key}`, fingerprint: `${body}` } }),
  };
}

function predict(state: State, { roomId, participantId, resume, proof, idempotency }: Join, nowMs: number): Prediction {
  const kept = idempotency && state.joins.get(idempotency.scope);
  if (kept !== undefined && kept.untilMs > nowMs) {
    if (kept.fingerprint !== idempotency?.fingerprint) return { kind: 'refused', code: 'idempotency-key-reused' };
    const box = boxById(state, kept.outcome.mailboxId);
    if (box !== undefined) return { kind: 'again', box, resumed: kept.outcome.resumed };
  }
  const room = state.rooms.get(roomId);
  const box = room?.get(participantId);
  if (box === undefined)
    return (room?.size ?? 0) >= MAX_PARTICIPANTS ? { kind: 'refused', code: 'room-full' } : { kind: 'enter' };
  const proven =
    proof.kind === 'token' && tokensOf(state, box.mailbox.mailboxId).some(({ handle }) => handle === proof.handle);
  if (!proven) return { kind: 'refused', code: 'participant-exists' };
  return { kind: resume ? 'resume' : 'restart', box };
}

function apply(
  world: World,
  request: Join,
  predicted: Exclude<Prediction, { kind: 'refused' }>,
  joined: Joined,
): Tails {
  const { state } = world;
  const { participantId } = request;
  const others = othersThan(state, request);
  const replayed = predicted.kind === 'again';
  assert.deepEqual(
    [joined.replayed, joined.resumed],
    [replayed, replayed ? predicted.resumed : predicted.kind === 'resume'],
  );
  if (replayed) {
    assert.deepEqual(joined.mailbox, predicted.box.mailbox);
    predicted.box.seenAtMs = world.nowMs;
    mint(world, request, predicted.box);
    return new Map();
  }
  if (predicted.kind === 'resume') {
    const { box } = predicted;
    assert.deepEqual([joined.mailbox, joined.acknowledged], [box.mailbox, box.acknowledged]);
    replaceTokens(state, box, box);
    forgetKeysOf(state, box.mailbox.mailboxId);
    Object.assign(box, { idleTimeoutMs: request.profile.idleTimeoutMs, seenAtMs: world.nowMs });
    mint(world, request, box);
    keep(world, request, box, true);
    return new Map();
  }
  const box = newBox(world, request, joined);
  if (predicted.kind === 'restart') {
    remove(state, predicted.box);
    replaceTokens(state, predicted.box, box);
  }
  enter(state, box);
  mint(world, request, box);
  keep(world, request, box, false);
  const left = predicted.kind === 'restart' ? [`left ${participantId} replaced`] : [];
  return toAll(others, ...left, `joined ${participantId}`);
}

function newBox(world: World, request: Join, { mailbox, acknowledged }: Joined): Box {
  assert.equal(mailbox.mailboxId, request.mailboxId);
  world.hand(mailbox.mailboxId, acknowledged);
  return {
    mailbox,
    log: [],
    acknowledged,
    acknowledgedForSure: acknowledged,
    idleTimeoutMs: request.profile.idleTimeoutMs ?? 0,
    seenAtMs: world.nowMs,
    heldUntilMs: 0,
    listensUntilMs: 0,
    sends: new Map(),
  };
}

function mint({ state }: World, { roomId, participantId, token }: Join, box: Box): void {
  const { mailboxId } = box.mailbox;
  const fresh = { state: 'fresh', reason: undefined, untilMs: Infinity } as const;
  state.tokens.push({ handle: token.handle, roomId, participantId, mailboxId, ...fresh });
  const inState = (wanted: Token['state']) => tokensOf(state, mailboxId).filter((one) => one.state === wanted);
  const surplus = [
    ...inState('fresh').slice(0, -MAX_UNUSED_TOKENS),
    ...inState('replaced').slice(1, -MAX_UNUSED_TOKENS),
  ];
  for (const one of surplus) one.state = 'unknown';
}

function replaceTokens(state: State, from: Box, to: Box): void {
  for (const token of tokensOf(state, from.mailbox.mailboxId))
    Object.assign(token, { state: 'replaced', mailboxId: to.mailbox.mailboxId });
}

function keep({ state, nowMs }: World, { idempotency }: Join, { mailbox }: Box, resumed: boolean): void {
  if (idempotency === undefined) return;
  const { scope, fingerprint } = idempotency;
  const outcome = { mailboxId: mailbox.mailboxId, resumed };
  state.joins.set(scope, { fingerprint, untilMs: nowMs + IDEMPOTENCY_KEPT_MS, outcome });
}

export async function claim(world: World, { token: index }: Of<'claim'>): Promise<Tails> {
  const { tokens } = world.state;
  const token = tokens[tokens.length - 1 - (index % Math.max(1, tokens.length))];
  if (token === undefined) return new Map();
  await world.store.claimToken(token.handle);
  if (token.state !== 'fresh') return new Map();
  for (const other of tokensOf(world.state, token.mailboxId)) if (other !== token) other.state = 'unknown';
  token.state = 'used';
  forgetKeysOf(world.state, token.mailboxId);
  return new Map();
}

export async function leave(world: World, { who }: Of<'leave'>): Promise<Tails> {
  const mailbox = world.mailbox(who);
  if (mailbox === undefined) return new Map();
  const box = boxOf(world.state, mailbox);
  await world.store.depart(mailbox.roomId, mailbox.participantId, 'left', mailbox.mailboxId);
  if (box === undefined) return new Map();
  depart(world.state, box, 'left', world.nowMs + GONE_REMEMBERED_MS);
  return toAll(othersThan(world.state, mailbox), `left ${mailbox.participantId} left`);
}

export async function closeRoom(world: World, { room }: Of<'close-room'>): Promise<Tails> {
  const all = [...(world.state.rooms.get(roomOf(room))?.values() ?? [])];
  await world.store.closeRoom(roomOf(room));
  for (const box of all) depart(world.state, box, 'removed', world.nowMs + GONE_REMEMBERED_MS);
  return new Map();
}
