import type { JoinResult } from '../wire/index.ts';
import { persist, type Env } from './env.ts';

/** After this the idle time of the participant has to do it. */
const PATIENCE_MS = 2_000;
const ATTEMPT_MS = 3_000;

/** A plain POST: firewalls refuse DELETE, and the header that stands for it. @throws HoldlineError */
export async function sendLeave(env: Env, { participantId, token }: JoinResult): Promise<void> {
  const leave = {
    operation: 'leaveRoomByPost',
    path: `/participants/${participantId}/leave`,
    body: {},
    token,
    timeoutMs: ATTEMPT_MS,
    keepalive: true,
  };
  const deadlineMs = env.timers.now() + PATIENCE_MS;
  await persist(
    env,
    () => env.http.exchange(leave),
    () => deadlineMs,
  );
}
