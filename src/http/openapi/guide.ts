/** `info.description` in Markdown: the delivery rules that a client's author must know. */
export const GUIDE = `
WebRTC signalling over plain HTTP, without WebSockets. In a **room**, participants can reach each other; a room exists from the
first join until the last participant is gone. Each **participant** has one **mailbox**, which keeps messages until the participant
acknowledges them. A **poll** returns pending messages, or is held until a message arrives.

## A conversation
1. \`joinRoom\` returns a \`token\`, a \`cursor\` and the participants of the room. Send the token in \`Authorization: Bearer\`, never in a URL.
2. Always keep one \`pollMessages\` open. Start with the \`cursor\` of the join as \`after\`.
3. \`sendMessage\` carries each step: \`invite\`, \`ringing\`, \`accept\`, \`offer\`, \`answer\`, \`candidate\`, \`hangup\`. Send candidates that
   are found together in one \`sendMessages\`.
4. Call \`leaveRoom\` (or \`leaveRoomByPost\`, where a firewall refuses DELETE), or just stop: the server removes a participant that
   has been idle for its \`idleTimeoutSeconds\`.

## The loop of a receiver
\`\`\`
after = joined.cursor
repeat:
  batch = pollMessages(after)       # HTTP time-out: wait + 10 s
  for each message: handle it, unless its id was handled before
  if batch.expired > 0: read the roster and renegotiate, since messages are missing
  after = batch.cursor              # also of an empty batch
\`\`\`
Advance \`after\` only when the messages are handled: sending it back acknowledges them.

## What is promised
- **201 means stored**: committed before the response was written.
- **Reading never loses a message.** The same \`after\` returns a lost or cut-off response again. A message can therefore arrive
  twice, always with the same \`id\`: ignore ids that you have handled. Without \`after\`, a poll returns everything unacknowledged and
  acknowledges nothing.
- **Order**: a mailbox has one order. A batch keeps its order, and so do sequential sends of one sender.
- **Lifetime**: a message that is not acknowledged within its \`ttlSeconds\` is dropped; its sender gets a \`message-expired\` and its
  recipient sees \`expired\` above 0.
- **Retries do not duplicate**: with an \`Idempotency-Key\`, a repeated join or send gets the first response again for 600 s, with
  \`Idempotency-Replayed: true\`. Use a new random key for each request, and keep it for the retries of that request.
  The key of a join without a credential is a secret: anyone who sends it gets a token of the same participant.

## The window
\`wait\` is the maximum time that a poll is held, in whole seconds. The response comes up to 10 % earlier, never later. If a proxy cuts
polls, lower \`wait\` below the time after which it cuts them. A server that saw two consecutive polls of a participant cut at about
the same age does so itself, for 30 minutes: it ends later polls earlier, and \`waitSeconds\` in the batch is the window that it used.
Polling more than 5 times a second only delays the responses.

## When something goes wrong
Every error is an RFC 9457 problem with a \`code\`, and its \`type\` refers to a page that says what to do. In short:

| response | action |
|---|---|
| connection lost, 5xx, or a response that is not JSON (a captive portal) | repeat the same request after a growing, random pause; keep the cursor |
| \`retryable: true\` (429, 500, 503) | repeat the same request after \`Retry-After\` seconds, plus a small random time |
| 409 \`poll-superseded\` | another client polls with your token; do not compete with it |
| 410 \`cursor-expired\` | continue from \`resetCursor\`, read the roster, renegotiate |
| 410 \`participant-gone\` | \`reason\` \`timeout\`: join again; \`replaced\`, \`removed\`, \`left\`: stop |
| 401 without \`error="invalid_token"\` in \`WWW-Authenticate\` | no Bearer credential arrived: if you sent one, a proxy removed it |
| any other 4xx | the request is invalid; \`errors\` lists its faults, at most 64 |

New values of \`type\`, \`reason\` and \`code\`, and new fields of responses, may be added: ignore those that you do not know. Requests are
strict: an unknown field or query parameter is 400. Every response has \`X-Request-Id\` and \`Cache-Control: no-store\`.
`.trim();
