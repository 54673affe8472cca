import { decodeCursor } from '../../signalling/cursor.ts';
import type { JsonText, MessageId, ParticipantId } from '../../signalling/ids.ts';
import type { OutgoingMessage } from '../../signalling/message.ts';
import type { PollRequest, SendRequest } from '../../wire/index.ts';
import type { AppContext } from '../context.ts';
import type { Call, Handler } from '../request/call.ts';
import { elementSources, memberSource } from '../request/json-text.ts';
import { batchJson, receiptView } from '../response/json.ts';
import { created, noContent, ok, type Reply } from '../response/reply.ts';
import { messagesTooLarge } from '../response/request-problem.ts';

export const sendMessage: Handler<'sendMessage'> = (
  { caller, body, bodyText, idempotency },
  { signalling, settings },
) => {
  const message = outgoingMessage(signalling.newMessageId(), body, bodyText, settings.defaultTtlSeconds);
  return signalling.send(caller, 'sendMessage', [message], idempotency).then(({ receipts, replayed }) => {
    const [receipt] = receipts.map(receiptView);
    return created(JSON.stringify(receipt), replayed);
  });
};

export const sendMessages: Handler<'sendMessages'> = (
  { caller, body, bodyText, idempotency },
  { signalling, settings },
) => {
  const { maxMessageBytes, defaultTtlSeconds } = settings;
  const sources = elementSources(memberSource(bodyText, 'messages') ?? '[]');
  refuseTooLarge(sources, maxMessageBytes);
  const messages = body.messages.map((message, index) =>
    outgoingMessage(signalling.newMessageId(), message, sources[index] ?? '{}', defaultTtlSeconds),
  );
  return signalling
    .send(caller, 'sendMessages', messages, idempotency)
    .then(({ receipts, replayed }) => created(JSON.stringify({ receipts: receipts.map(receiptView) }), replayed));
};

/** @throws RequestProblem `too-large`, with a pointer to each message above the limit */
function refuseTooLarge(sources: readonly string[], maxBytes: number): void {
  const errors = sources.flatMap((source, index) => {
    const bytes = Buffer.byteLength(source);
    if (bytes <= maxBytes) return [];
    return [{ pointer: `/body/messages/${index}`, detail: `must be at most ${maxBytes} bytes of JSON, not ${bytes}` }];
  });
  if (errors.length > 0) throw messagesTooLarge(errors);
}

/** @param source JSON text of the message; its payload is cut from it and passed on byte for byte */
function outgoingMessage(
  id: MessageId,
  message: SendRequest,
  source: string,
  defaultTtlSeconds: number,
): OutgoingMessage {
  const { to, type, callId, ttlSeconds = defaultTtlSeconds } = message;
  const payload = memberSource(source, 'payload') as JsonText | undefined;
  return { id, recipient: to as ParticipantId | undefined, type, payload, callId, ttlMs: ttlSeconds * 1_000 };
}

export const receiveMessages: Handler<'receiveMessages'> = (call, context) => poll(call, call.query, context);

export const pollMessages: Handler<'pollMessages'> = (call, context) => poll(call, call.body, context);

type PollCall = Pick<Call<'receiveMessages'>, 'caller' | 'onHangUp' | 'req'>;

function poll(call: PollCall, request: PollRequest, context: AppContext): PromiseLike<Reply | undefined> {
  const batch = context.signalling.receive(call.caller, {
    after: request.after === undefined ? undefined : decodeCursor(request.after),
    windowMs: request.wait * 1_000,
    limit: request.limit,
    onHangUp: (listener) => call.onHangUp(listener),
    clientAddress: () => (call.req.socket.destroyed ? undefined : context.clientAddressOf(call.req)),
  });
  return batch.then((received) => received && ok(batchJson(received)));
}

export const acknowledgeMessages: Handler<'acknowledgeMessages'> = ({ caller, body }, { signalling }) =>
  signalling.acknowledge(caller, decodeCursor(body.cursor)).then(() => noContent);
