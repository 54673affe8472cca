type ProblemKind = {
  readonly status: number;
  readonly title: string;
  /** Whether the unchanged request may succeed later. */
  readonly retryable: boolean;
  /** Explains, to a person who meets the code for the first time, what happened and what to do. */
  readonly explanation: string;
};

/** Every `code` of a problem. The pages under `/problems/` and the reference derive from this table. */
export const PROBLEM_CODES = {
  'invalid-request': {
    status: 400,
    title: 'The request is not valid',
    retryable: false,
    explanation:
      'A field, parameter or header is missing, unknown or out of bounds, or the request is not valid HTTP. `errors` lists the faults, at ' +
      'most 64, each with a pointer to its place, such as `/body/messages/3/to`. Correct all of them and send the request again. ' +
      'Unknown fields are refused because they are nearly always typos; a `payload` may have any extra keys.',
  },
  'invalid-json': {
    status: 400,
    title: 'The body is not JSON',
    retryable: false,
    explanation:
      'The body cannot be parsed. Look for single quotes, trailing commas, or a shell that removed the double quotes. ' +
      'With curl, put the body in single quotes: `curl --json \'{"type":"invite"}\' URL`.',
  },
  'invalid-cursor': {
    status: 400,
    title: 'The cursor cannot be read',
    retryable: false,
    explanation:
      'A cursor is opaque text that only the server creates. Send back exactly the `cursor` of your last batch or of the join ' +
      'result, URL-encoded in a query. To read from the acknowledged position, leave `after` out.',
  },
  unauthenticated: {
    status: 401,
    title: 'A valid credential is needed',
    retryable: false,
    explanation:
      'The request has no credential, or one that this server does not know or no longer knows. If `WWW-Authenticate` has ' +
      '`error="invalid_token"`, a credential arrived and was refused. If you sent a credential and it lacks that, a proxy has ' +
      'removed or replaced your `Authorization` header. Joining a room returns a `token`; send it with every further request: ' +
      '`curl -H "Authorization: Bearer TOKEN" URL`. If a newer join has replaced your token, or your participant has been gone for ' +
      'more than ten minutes, join again. Where joining needs an access token, `detail` says what is wrong with yours: get a ' +
      "new one from your app's backend.",
  },
  forbidden: {
    status: 403,
    title: 'This credential does not allow that',
    retryable: false,
    explanation:
      'The credential is valid, but of the wrong kind, or for another room or participant. A token is for the participant that it was ' +
      'issued to, in its room: check that the room in the URL is the one that you joined. An access token only joins the room that it ' +
      'names, as its `sub`. An API key joins on behalf of others, lists, removes and closes, and does nothing else.',
  },
  'not-found': {
    status: 404,
    title: 'There is nothing here',
    retryable: false,
    explanation:
      'No operation has this path. The operations are below `/v1`; `/openapi.yaml` lists them. If you use a proxy, check whether it ' +
      'removes or adds part of the path.',
  },
  'recipient-not-found': {
    status: 404,
    title: 'The recipient is not in the room',
    retryable: false,
    explanation:
      'The participant in `to` has not joined the room, has left it, or its idle time has ended. Nothing was stored. Read the ' +
      'roster (`GET /v1/rooms/{roomId}/participants`), or wait for the `participant-joined` of that participant, then send again.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'This path does not take that method',
    retryable: false,
    explanation:
      'The header `Allow` lists the methods of this path. Holdline uses GET, POST and DELETE; where a proxy refuses DELETE, send ' +
      'a POST with `X-HTTP-Method-Override: DELETE`. HEAD does not work on a poll, since it would acknowledge messages unseen.',
  },
  'participant-exists': {
    status: 409,
    title: 'The participant is already in the room',
    retryable: false,
    explanation:
      'A participant with this `participantId` is in the room, and the request does not prove that it is yours. After a reload, send your ' +
      'former token as `Authorization: Bearer` (with `"resume": true` to keep the mailbox). Otherwise choose another id, or omit ' +
      '`participantId` to get one. A crashed client is removed when its idle time is over.',
  },
  'room-full': {
    status: 409,
    title: 'The room is full',
    retryable: false,
    explanation:
      'The room has as many participants as the operator allows (`MAX_PARTICIPANTS_PER_ROOM`). Try again when a participant has left. ' +
      'Participants that disappeared without leaving are removed when their idle time is over.',
  },
  'poll-superseded': {
    status: 409,
    title: 'A newer poll took over',
    retryable: false,
    explanation:
      'A mailbox has one poll: when a second one arrives, the first one gets this response. No message is lost. If you did not send a ' +
      'second poll, another tab or process uses the same token: give each its own participant. Do not poll again at once in a ' +
      'loop, or the two will supersede each other forever.',
  },
  'participant-gone': {
    status: 410,
    title: 'The participant has left the room',
    retryable: false,
    explanation:
      'Your participant left, was removed, was replaced by a newer join, or sent no request for longer than its idle time; ' +
      '`reason` says which (`left`, `removed`, `replaced`, `timeout`). Its mailbox is gone. After `timeout`, join again and renegotiate. ' +
      'After `replaced`, stop, since another client now acts for this participant.',
  },
  'cursor-expired': {
    status: 410,
    title: 'The cursor belongs to another time',
    retryable: false,
    explanation:
      'The cursor belongs to an earlier mailbox, lies before the acknowledged position, or lies ahead of what the server has (its store ' +
      'was restored from a backup). Continue from `resetCursor`. Messages may be missing: read the roster and renegotiate the call.',
  },
  'too-large': {
    status: 413,
    title: 'The message or body is too large',
    retryable: false,
    explanation:
      'The JSON of a message may have `maxMessageBytes` bytes (see `limits` in the join result; 65,536 by default), and that of a batch ' +
      'eight times as many. A join may have 16,384 bytes; a poll, an acknowledgement or a leave 4,096. Send SDP and candidates, ' +
      'not files or pictures: send those through an RTCDataChannel.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'The body must be JSON',
    retryable: false,
    explanation:
      'Send the body as UTF-8 JSON, uncompressed, with `Content-Type: application/json`. curl sends a form by default: use ' +
      '`curl --json \'{"type":"invite"}\' URL`, or `-H "Content-Type: application/json" -d ...` with an older curl.',
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'The idempotency key was used for another request',
    retryable: false,
    explanation:
      'For 600 s, an `Idempotency-Key` stands for one request: the same body, byte for byte, returns the first response, and ' +
      'another body is refused. Retry with the same text. Use a new random key for each request, and keep it only for the retries of that request.',
  },
  'upgrade-required': {
    status: 426,
    title: 'This path is for WebSockets',
    retryable: false,
    explanation:
      'This path upgrades to a WebSocket, and the request did not ask for that. If a WebSocket client sent it, a proxy removed its ' +
      '`Upgrade` header: the client must poll, as it does by itself. To try it by hand, use a WebSocket tool with the subprotocol ' +
      '`holdline.v1`, such as `npx wscat -s holdline.v1 -c ws://localhost:8080/v1/rooms/ROOM/messages/socket`.',
  },
  'rate-limited': {
    status: 429,
    title: 'Too many requests',
    retryable: true,
    explanation:
      'You sent more requests than the server allows, or too many joins, invalid requests or failed authentications came ' +
      'from your client address, or that address has the maximum number of participants. Nothing was stored. Wait as many seconds as ' +
      '`Retry-After` says, then send the same request again. `RateLimit-Policy` has the limit, and `RateLimit` what remains of it. Send ' +
      'candidates that are found together in one request: `POST /v1/rooms/{roomId}/messages/batch`.',
  },
  'mailbox-full': {
    status: 429,
    title: "The recipient's mailbox is full",
    retryable: true,
    explanation:
      'The recipient has not polled for a while, and its mailbox holds as much as the server allows (`maxMailboxMessages`). Nothing was ' +
      'stored. Wait as many seconds as `Retry-After` says and try again: space is freed when it polls, or when messages expire.',
  },
  'too-many-polls': {
    status: 429,
    title: 'The server holds as many polls as it can',
    retryable: true,
    explanation:
      'The server has reached its limit of held polls. Poll again, with the same cursor, after as many seconds as ' +
      '`Retry-After` says. Operators: see `MAX_HELD_POLLS`.',
  },
  internal: {
    status: 500,
    title: 'Something went wrong in the server',
    retryable: true,
    explanation:
      'This is a fault of the server; its log has the details under the `requestId`. The same request may succeed when sent again. Repeat ' +
      'its `Idempotency-Key`, if it had one, so that nothing happens twice. If the problem persists, report it with the `requestId`.',
  },
  'shutting-down': {
    status: 503,
    title: 'The server is shutting down',
    retryable: true,
    explanation:
      'The server is about to stop or restart, and accepts no new joins and polls. Messages are kept. Send the same request again, ' +
      'with the same cursor, after as many seconds as `Retry-After` says; another process or the restarted one will answer.',
  },
  'storage-unavailable': {
    status: 503,
    title: 'The server cannot store now',
    retryable: true,
    explanation:
      'The store is full, busy or out of reach, or the keys of access tokens are out of reach, so the request may not have been carried out: only a 201 ' +
      'means stored. Send the same request again, with the same `Idempotency-Key`, after as many seconds as `Retry-After` says. Polls and ' +
      'acknowledgements free space. Operators: see `MAX_STORE_BYTES`, the disk, and the log.',
  },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof PROBLEM_CODES;
