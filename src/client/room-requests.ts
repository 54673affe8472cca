import type { IceServersResult, ParticipantList } from '../wire/index.ts';
import { persist, type Env } from './env.ts';
import { HoldlineError } from './errors.ts';
import type { Session } from './session.ts';

/** Who cannot be told so will see the idle time run out. */
const LEAVE_ATTEMPTS = 3;
const LEAVE_MS = 3_000;

/** Reads once. @throws HoldlineError */
export function readRoom<Body extends ParticipantList | IceServersResult>(
  env: Env,
  session: Session,
  operation: string,
  path: string,
  expects: keyof Body & string,
): Promise<Body> {
  const once = (): HoldlineError => new HoldlineError('network');
  return persist(env, () => session.request<Body>({ operation, path, method: 'GET', expects }), once);
}

/** Never rejects. */
export async function sendLeave(env: Env, participantId: string, token: string): Promise<void> {
  let attempts = 0;
  const leave = {
    operation: 'leaveRoom',
    path: `/participants/${participantId}`,
    // Strict proxies pass GET and POST only.
    headers: { 'X-HTTP-Method-Override': 'DELETE' },
    token,
    timeoutMs: LEAVE_MS,
  };
  const tired = (): HoldlineError | undefined =>
    (attempts += 1) < LEAVE_ATTEMPTS ? undefined : new HoldlineError('network');
  await persist(env, () => env.http.exchange(leave), tired).catch(() => undefined);
}
