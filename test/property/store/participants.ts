import assert from 'node:assert/strict';
import { newMailboxId, type ParticipantId, type RoomId } from '../../../src/signalling/ids.ts';
import { GONE_REMEMBERED_MS, IDEMPOTENCY_KEPT_MS, MAX_UNUSED_TOKENS } from '../../../src/signalling/limits.ts';
import type { Join, Joined } from '../../../src/signalling/store.ts';
import { mintToken } from '../../../src/signalling/tokens.ts';
import type { Action } from './actions.ts';
import {
  modelById,
  modelOf,
  depart,
  enter,
  forgetKeysOf,
  othersThan,
  remove,
  tokensOf,
  type MailboxModel,
  type State,
  type Token,
} from './state.ts';
import { attempt, expectRefusal, toAll, expectSuccess, type Expectations, type Simulation } from './simulation.ts';

export const MAX_PARTICIPANTS = 3;
export const idOf = (index: number): ParticipantId => `p${index}` as ParticipantId;
const roomOf = (index: number): RoomId => `room-${index}` as RoomId;

const IMPATIENT_MS = 20_000;
const PATIENT_MS = 7_200_000;

type Of<Kind extends Action['kind']> = Extract<Action, { readonly kind: Kind }>;

type Prediction =
  | { readonly kind: 'refused'; readonly code: 'participant-exists' | 'room-full' | 'idempotency-key-reused' }
  | { readonly kind: 'again'; readonly model: MailboxModel; readonly resumed: boolean }
  | { readonly kind: 'enter' }
  | { readonly kind: 'resume' | 'restart'; readonly model: MailboxModel };

export async function join(simulation: Simulation, action: Of<'join'>): Promise<Expectations> {
  const request = requestOf(simulation, action);
  const predicted = predict(simulation.state, request, simulation.nowMs);
  const outcome = await attempt(() => simulation.store.join(request));
  if (predicted.kind === 'refused') {
    expectRefusal(outcome, predicted.code);
    return new Map();
  }
  const joined = expectSuccess(outcome);
  const expectations = apply(simulation, request, predicted, joined);
  assert.deepEqual(
    joined.participants.map(({ participantId }) => participantId),
    [...(simulation.state.rooms.get(request.roomId)?.keys() ?? [])],
  );
  return expectations;
}

function requestOf(simulation: Simulation, { room, id, resume, token, key, body, patient }: Of<'join'>): Join {
  const [roomId, participantId] = [roomOf(room), idOf(id)];
  const own = simulation.state.tokens.filter((one) => one.roomId === roomId && one.participantId === participantId);
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
    const model = modelById(state, kept.outcome.mailboxId);
    if (model !== undefined) return { kind: 'again', model, resumed: kept.outcome.resumed };
  }
  const room = state.rooms.get(roomId);
  const model = room?.get(participantId);
  if (model === undefined)
    return (room?.size ?? 0) >= MAX_PARTICIPANTS ? { kind: 'refused', code: 'room-full' } : { kind: 'enter' };
  const proven =
    proof.kind === 'token' && tokensOf(state, model.mailbox.mailboxId).some(({ handle }) => handle === proof.handle);
  if (!proven) return { kind: 'refused', code: 'participant-exists' };
  return { kind: resume ? 'resume' : 'restart', model };
}

function apply(
  simulation: Simulation,
  request: Join,
  predicted: Exclude<Prediction, { kind: 'refused' }>,
  joined: Joined,
): Expectations {
  const { state } = simulation;
  const { participantId } = request;
  const others = othersThan(state, request);
  const replayed = predicted.kind === 'again';
  assert.deepEqual(
    [joined.replayed, joined.resumed],
    [replayed, replayed ? predicted.resumed : predicted.kind === 'resume'],
  );
  if (replayed) {
    assert.deepEqual(joined.mailbox, predicted.model.mailbox);
    predicted.model.seenAtMs = simulation.nowMs;
    mint(simulation, request, predicted.model);
    return new Map();
  }
  if (predicted.kind === 'resume') {
    const { model } = predicted;
    assert.deepEqual([joined.mailbox, joined.acknowledged], [model.mailbox, model.acknowledged]);
    replaceTokens(state, model, model);
    forgetKeysOf(state, model.mailbox.mailboxId);
    Object.assign(model, { idleTimeoutMs: request.profile.idleTimeoutMs, seenAtMs: simulation.nowMs });
    mint(simulation, request, model);
    keep(simulation, request, model, true);
    return new Map();
  }
  const model = newModel(simulation, request, joined);
  if (predicted.kind === 'restart') {
    remove(state, predicted.model);
    replaceTokens(state, predicted.model, model);
  }
  enter(state, model);
  mint(simulation, request, model);
  keep(simulation, request, model, false);
  const left = predicted.kind === 'restart' ? [`left ${participantId} replaced`] : [];
  return toAll(others, ...left, `joined ${participantId}`);
}

function newModel(simulation: Simulation, request: Join, { mailbox, acknowledged }: Joined): MailboxModel {
  assert.equal(mailbox.mailboxId, request.mailboxId);
  simulation.recordCursor(mailbox.mailboxId, acknowledged);
  return {
    mailbox,
    log: [],
    acknowledged,
    acknowledgedForSure: acknowledged,
    idleTimeoutMs: request.profile.idleTimeoutMs ?? 0,
    seenAtMs: simulation.nowMs,
    heldUntilMs: 0,
    listensUntilMs: 0,
    sends: new Map(),
  };
}

function mint({ state }: Simulation, { roomId, participantId, token }: Join, model: MailboxModel): void {
  const { mailboxId } = model.mailbox;
  const fresh = { state: 'fresh', reason: undefined, untilMs: Infinity } as const;
  state.tokens.push({ handle: token.handle, roomId, participantId, mailboxId, ...fresh });
  const inState = (wanted: Token['state']) => tokensOf(state, mailboxId).filter((one) => one.state === wanted);
  const surplus = [
    ...inState('fresh').slice(0, -MAX_UNUSED_TOKENS),
    ...inState('replaced').slice(1, -MAX_UNUSED_TOKENS),
  ];
  for (const one of surplus) one.state = 'unknown';
}

function replaceTokens(state: State, from: MailboxModel, to: MailboxModel): void {
  for (const token of tokensOf(state, from.mailbox.mailboxId))
    Object.assign(token, { state: 'replaced', mailboxId: to.mailbox.mailboxId });
}

function keep({ state, nowMs }: Simulation, { idempotency }: Join, { mailbox }: MailboxModel, resumed: boolean): void {
  if (idempotency === undefined) return;
  const { scope, fingerprint } = idempotency;
  const outcome = { mailboxId: mailbox.mailboxId, resumed };
  state.joins.set(scope, { fingerprint, untilMs: nowMs + IDEMPOTENCY_KEPT_MS, outcome });
}

export async function claim(simulation: Simulation, { token: index }: Of<'claim'>): Promise<Expectations> {
  const { tokens } = simulation.state;
  const token = tokens[tokens.length - 1 - (index % Math.max(1, tokens.length))];
  if (token === undefined) return new Map();
  await simulation.store.claimToken(token.handle);
  if (token.state !== 'fresh') return new Map();
  for (const other of tokensOf(simulation.state, token.mailboxId)) if (other !== token) other.state = 'unknown';
  token.state = 'used';
  forgetKeysOf(simulation.state, token.mailboxId);
  return new Map();
}

export async function leave(simulation: Simulation, { who }: Of<'leave'>): Promise<Expectations> {
  const mailbox = simulation.mailbox(who);
  if (mailbox === undefined) return new Map();
  const model = modelOf(simulation.state, mailbox);
  await simulation.store.depart(mailbox.roomId, mailbox.participantId, 'left', mailbox.mailboxId);
  if (model === undefined) return new Map();
  depart(simulation.state, model, 'left', simulation.nowMs + GONE_REMEMBERED_MS);
  return toAll(othersThan(simulation.state, mailbox), `left ${mailbox.participantId} left`);
}

export async function closeRoom(simulation: Simulation, { room }: Of<'close-room'>): Promise<Expectations> {
  const all = [...(simulation.state.rooms.get(roomOf(room))?.values() ?? [])];
  await simulation.store.closeRoom(roomOf(room));
  for (const model of all) depart(simulation.state, model, 'removed', simulation.nowMs + GONE_REMEMBERED_MS);
  return new Map();
}
