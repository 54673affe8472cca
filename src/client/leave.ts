import { persist, type Env } from './env.ts';
import { HoldlineError } from './errors.ts';

/** Who cannot be told so will see the idle time run out. */
const LEAVE_ATTEMPTS = 3;
const LEAVE_MS = 3_000;

/** Never rejects. */
export async function sendLeave(env: Env, participantId: string, token: string): Promise<void> {
  let attempts = 0;
  const leave = {
    operation: 'leaveRoom',
    path: `/participants/${participantId}`,
    // Strict proxies pass GET and POST only.
    body: {},
    headers: { 'X-HTTP-Method-Override': 'DELETE' },
    token,
    timeoutMs: LEAVE_MS,
  };
  const tired = (): HoldlineError | undefined =>
    (attempts += 1) < LEAVE_ATTEMPTS ? undefined : new HoldlineError('network');
  await persist(env, () => env.http.exchange(leave), tired).catch(() => undefined);
}
