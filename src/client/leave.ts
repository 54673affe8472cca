import type { JoinResult } from '../wire/index.ts';
import { persist, type Env } from './env.ts';
import type { Answer, HttpRequest } from './http.ts';

/** After this the idle time of the participant has to do it. */
const PATIENCE_MS = 2_000;
const ATTEMPT_MS = 3_000;

/** @param isLast whether no answer will be read any more: the page closes. @throws HoldlineError */
export async function sendLeave(env: Env, { participantId, token }: JoinResult, isLast = false): Promise<void> {
  const path = `/participants/${participantId}`;
  const common = { body: {}, token, timeoutMs: ATTEMPT_MS, keepalive: true };
  // A plain POST: firewalls refuse DELETE, and the header that stands for it.
  const byPost = { ...common, operation: 'leaveRoomByPost', path: `${path}/leave` };
  const byOverride = { ...common, operation: 'leaveRoom', path, headers: { 'X-HTTP-Method-Override': 'DELETE' } };
  // A page that closes reads no answer: an older server is asked in its own way at the same time.
  if (isLast) void env.http.exchange(byOverride);
  let way: HttpRequest<unknown> = byPost;
  const attempt = async (): Promise<Answer<unknown>> => {
    const answer = await env.http.exchange(way);
    const isUnknown = answer.kind === 'problem' && [404, 405].includes(answer.problem.status);
    if (way === byOverride || !isUnknown) return answer;
    way = byOverride;
    return attempt();
  };
  const deadlineMs = env.timers.now() + PATIENCE_MS;
  await persist(env, attempt, () => deadlineMs);
}
