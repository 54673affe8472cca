import type { JoinResult } from '../wire/index.ts';
import { persist, type Env } from './env.ts';
import type { HoldlineError } from './errors.ts';
import type { HttpRequest } from './http.ts';

/** After this the idle time of the participant has to do it. */
const PATIENCE_MS = 2_000;
const ATTEMPT_MS = 3_000;

/** @throws HoldlineError */
export async function sendLeave(env: Env, { participantId, token }: JoinResult): Promise<void> {
  const deadlineMs = env.now() + PATIENCE_MS;
  const send = (request: Pick<HttpRequest<unknown>, 'operation' | 'path' | 'headers'>): Promise<unknown> =>
    persist(
      env,
      () => env.http.exchange({ ...request, body: {}, token, timeoutMs: ATTEMPT_MS, keepalive: true }),
      () => deadlineMs,
    );
  const path = `/participants/${participantId}`;
  try {
    // A plain POST: firewalls refuse DELETE, and the header that stands for it.
    await send({ operation: 'leaveRoomByPost', path: `${path}/leave` });
  } catch (error) {
    // Older servers know the other way only.
    const status = (error as HoldlineError).problem?.status;
    if (status !== 404 && status !== 405) throw error;
    await send({ operation: 'leaveRoom', path, headers: { 'X-HTTP-Method-Override': 'DELETE' } });
  }
}
