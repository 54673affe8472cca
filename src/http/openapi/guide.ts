/** `info.description`: what a reader of the reference, or the author of a client, must know about delivery. Markdown. */
export const GUIDE = `
WebRTC signalling over plain HTTP. A **room** is where participants can reach each other; it exists from the first join until the
last participant is gone. Each **participant** has one **mailbox**, which holds its messages until it has acknowledged them. A
**poll** returns what is pending, or is held until something arrives. No WebSocket is needed.

## A conversation
1. \`joinRoom\` returns a \`token\`, a \`cursor\` and who else is there. The token goes into \`Authorization: Bearer\`, never into a URL.
2. Keep one \`pollMessages\` open, always. Start with \`after\` = the \`cursor\` of the join.
3. \`sendMessage\` carries each step: \`invite\`, \`ringing\`, \`accept\`, \`offer\`, \`answer\`, \`candidate\`, \`hangup\`. Candidates found together go
   into one \`sendMessages\`.
4. \`leaveRoom\` (or \`leaveRoomByPost\`, where a firewall refuses DELETE), or just stop: an idle participant is gone after its \`idleTimeoutSeconds\`.

## The loop of a receiver
\`\`\`
after = joined.cursor
repeat:
  batch = pollMessages(after)       # HTTP time-out: wait + 10 s
  for each message: handle it, unless its id was handled before
  if batch.expired > 0: read the roster and renegotiate, for something is missing
  after = batch.cursor              # also of an empty batch
\`\`\`
Move \`after\` only when the messages are handled: sending it back is what acknowledges them.

## What is promised
- **201 means stored**, committed before the answer was written.
- **Reading never loses.** A reply that is lost, cut or retried comes again for the same \`after\`. So a message can come twice, always with the
  same \`id\`: drop what you have seen. Without \`after\` a poll returns everything unacknowledged and acknowledges nothing.
- **Order**: one mailbox has one order, a batch keeps its order, and so do the sequential sends of one sender.
- **Lifetime**: a message that is not acknowledged within its \`ttlSeconds\` is dropped; its sender gets a \`message-expired\` and its
  recipient sees \`expired\` above 0.
- **Retries do not double**: with an \`Idempotency-Key\` a repeated join or send is answered as the first time, with
  \`Idempotency-Replayed: true\`, for 600 s. Make a fresh random key per request, and keep it for the retries of that request.
  The key of a join without a credential is a secret: anyone who sends it gets a token of the same participant.

## The window
\`wait\` is how long a poll is held at most, in whole seconds. A reply comes up to 10 % earlier, never later. Where a proxy cuts polls,
lower \`wait\` below the age at which they were cut. Polling faster than 5 times a second only makes the answers come later.

## When something goes wrong
Every error is an RFC 9457 problem with a \`code\`, and its \`type\` leads to a page that says what to do. In short:

| answer | do |
|---|---|
| connection lost, 5xx, or a reply that is not JSON (a captive portal) | repeat the same request after a growing, random pause; keep the cursor |
| \`retryable: true\` (429, 500, 503) | repeat the same request after \`Retry-After\` seconds, plus a little at random |
| 409 \`poll-superseded\` | somebody else polls with your token; do not fight over it |
| 410 \`cursor-expired\` | continue from \`resetCursor\`, read the roster, renegotiate |
| 410 \`participant-gone\` | \`reason\` \`timeout\`: join again; \`replaced\`, \`removed\`, \`left\`: stop |
| 401 without \`error="invalid_token"\` in \`WWW-Authenticate\` | no Bearer credential arrived: if you sent one, something on the way removed it |
| any other 4xx | the request is wrong; \`errors\` lists its faults, at most 64 |

Values of \`type\`, \`reason\` and \`code\` in replies, and fields of replies, may be added: ignore those that you do not know. Requests are
strict: an unknown field or query parameter is 400. Every answer carries \`X-Request-Id\` and \`Cache-Control: no-store\`.
`.trim();
