import { decodeCursor } from '../../signalling/cursor.ts';
import type { PollRequest } from '../../wire/index.ts';
import type { Call, Handler } from '../request/call.ts';
import type { Edge } from '../context.ts';
import { ok, type Reply } from '../response/reply.ts';
import { batchJson } from '../response/json.ts';

export const receiveMessages: Handler<'receiveMessages'> = (call, edge) => poll(call, call.query, edge);
/** The same with its parameters in the body. */
export const pollMessages: Handler<'pollMessages'> = (call, edge) => poll(call, call.body, edge);

type PollCall = Pick<Call<'receiveMessages'>, 'caller' | 'onHangUp'>;

async function poll(
  { caller, onHangUp }: PollCall,
  request: PollRequest,
  { signalling }: Edge,
): Promise<Reply | undefined> {
  const batch = await signalling.receive(caller, {
    after: request.after === undefined ? undefined : decodeCursor(request.after),
    windowMs: request.wait * 1_000,
    limit: request.limit,
    onHangUp,
  });
  return batch && ok(batchJson(batch));
}
