import type { IceServersResult, JoinResult, ParticipantList, ParticipantView } from '../wire/index.ts';
import { Backoff } from './backoff.ts';
import { HoldlineError, refusal } from './errors.ts';
import { isEmptyAnswer, isObject, type HttpRequest } from './http.ts';
import type { Session, SessionParts } from './session.ts';

const READ_MS = 15_000;
const LEAVE_MS = 3_000;
const LEAVE_ATTEMPTS = 3;

/** @throws HoldlineError */
export async function readParticipants(session: Session): Promise<readonly ParticipantView[]> {
  const isAnswer = (_: number, body: unknown): body is ParticipantList =>
    isObject(body) && Array.isArray(body.participants);
  const read = { operation: 'listParticipants', path: '/participants', isAnswer };
  return (await readOnce(session, read)).participants;
}

/** @throws HoldlineError */
export function readIceServers(session: Session): Promise<IceServersResult> {
  const isAnswer = (_: number, body: unknown): body is IceServersResult =>
    isObject(body) && Array.isArray(body.iceServers);
  return readOnce(session, { operation: 'getIceServers', path: '/ice-servers', isAnswer });
}

async function readOnce<Body>(
  session: Session,
  read: Pick<HttpRequest<Body>, 'operation' | 'path' | 'isAnswer'>,
): Promise<Body> {
  const answer = await session.request({ ...read, method: 'GET', timeoutMs: READ_MS });
  if (answer.kind === 'ok') return answer.body;
  if (answer.kind === 'problem') throw refusal(answer.problem);
  throw session.ended?.error ?? new HoldlineError('network', 'There was no usable answer.');
}

/** Tries a few times; who cannot be told will see the idle time run out. Never rejects. */
export async function sendLeave({ http, platform, alarm }: SessionParts, joined: JoinResult): Promise<void> {
  const backoff = new Backoff(platform.random);
  for (let attempt = 1; attempt <= LEAVE_ATTEMPTS; attempt += 1) {
    const answer = await http.exchange({
      operation: 'leaveRoom',
      path: `/participants/${encodeURIComponent(joined.participantId)}`,
      override: 'DELETE',
      token: joined.token,
      timeoutMs: LEAVE_MS,
      isAnswer: isEmptyAnswer,
    });
    if (answer.kind === 'ok' || (answer.kind === 'problem' && !answer.problem.retryable)) return;
    await alarm.sleep(backoff.next());
  }
}
