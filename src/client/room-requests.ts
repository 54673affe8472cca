import type { IceServersResult, ParticipantList } from '../wire/index.ts';
import { persist, type Env } from './env.ts';
import { HoldlineError, refusal } from './errors.ts';
import type { Session } from './session.ts';

/** Who cannot be told within this will see the idle time run out. */
const LEAVE_MS = 5_000;

/** Reads once. @throws HoldlineError */
export async function readRoom<Body extends ParticipantList | IceServersResult>(
  session: Session,
  operation: string,
  path: string,
  expects: keyof Body & string,
): Promise<Body> {
  const answer = await session.request<Body>({ operation, path, method: 'GET', expects });
  if (answer.kind === 'ok') return answer.body;
  throw answer.kind === 'problem' ? refusal(answer.problem) : new HoldlineError('network');
}

/** Tries for 5 s. Never rejects. */
export async function sendLeave(env: Env, participantId: string, token: string): Promise<void> {
  const deadlineMs = env.timers.now() + LEAVE_MS;
  const leave = {
    operation: 'leaveRoom',
    path: `/participants/${participantId}`,
    // Strict proxies pass GET and POST only.
    headers: { 'X-HTTP-Method-Override': 'DELETE' },
    token,
    timeoutMs: LEAVE_MS,
  };
  const late = (): HoldlineError | undefined =>
    env.timers.now() < deadlineMs ? undefined : new HoldlineError('network');
  await persist(env, () => env.http.exchange(leave), late).catch(() => undefined);
}
