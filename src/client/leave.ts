import type { JoinResult } from '../wire/index.ts';
import { persist, type Env } from './env.ts';

/** Who cannot be told so will see the idle time run out. */
const PATIENCE_MS = 2_000;
const ATTEMPT_MS = 3_000;

/** Never rejects. */
export async function sendLeave(env: Env, { participantId, token }: JoinResult): Promise<void> {
  const leave = {
    operation: 'leaveRoom',
    path: `/participants/${participantId}`,
    // Strict proxies pass GET and POST only.
    body: {},
    headers: { 'X-HTTP-Method-Override': 'DELETE' },
    token,
    timeoutMs: ATTEMPT_MS,
  };
  const deadlineMs = env.timers.now() + PATIENCE_MS;
  await persist(
    env,
    () => env.http.exchange(leave),
    () => deadlineMs,
  ).catch(() => undefined);
}
