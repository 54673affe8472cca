type ProblemKind = {
  readonly status: number;
  readonly title: string;
  /** Whether the unchanged request may succeed later. */
  readonly retryable: boolean;
  /** For a person who meets the code for the first time: what happened, and what to do now. */
  readonly explanation: string;
};

/** Every `code` of a problem. The pages under `/problems/` and the reference are made from this table. */
export const PROBLEM_CODES = {
  'invalid-request': {
    status: 400,
    title: 'The request is not valid',
    retryable: false,
    explanation:
      'A field, parameter or header is missing, unknown or out of bounds, or the request could not be read as HTTP at all. ' +
      '`errors` lists the faults, at most 64, each with a pointer to its place, such as `/body/messages/3/to`; correct all of them and send again. ' +
      'An unknown field is refused because it is nearly always a typo; what is inside a `payload` may carry any extra keys.',
  },
  'invalid-json': {
    status: 400,
    title: 'The body is not JSON',
    retryable: false,
    explanation:
      'The text of the body cannot be parsed. Look for single quotes, trailing commas, or a shell that removed the double quotes. ' +
      'With curl, put the body in single quotes: `curl --json \'{"type":"invite"}\' URL`.',
  },
  'invalid-cursor': {
    status: 400,
    title: 'The cursor cannot be read',
    retryable: false,
    explanation:
      'A cursor is an opaque text that only the server writes. Send back exactly the `cursor` of your last batch or of the join ' +
      'result, URL-encoded when it goes into a query. To read from the acknowledged position, leave `after` out.',
  },
  unauthenticated: {
    status: 401,
    title: 'A valid credential is needed',
    retryable: false,
    explanation:
      'The request carries no credential, or one that this server does not know (any more). `WWW-Authenticate` tells which: it says ' +
      '`error="invalid_token"` when a credential arrived and was refused. If you did send one and it does not say so, a proxy has ' +
      'removed or replaced your `Authorization` header. Joining a room returns a `token`; send it ' +
      'with every further request: `curl -H "Authorization: Bearer TOKEN" URL`. If your token was replaced by a newer join or has been ' +
      'gone for more than ten minutes, join again. Where joining itself needs an access token, `detail` says what is wrong with yours: get a ' +
      "new one from your app's backend.",
  },
  forbidden: {
    status: 403,
    title: 'This credential does not allow that',
    retryable: false,
    explanation:
      'The credential is valid, but of the wrong kind or for another room or participant. A token serves the participant that it was ' +
      'minted for, in its room: check that the room in the URL is the one that you joined. An access token serves to join, as its `sub`, ' +
      'the room that it names. An API key joins on behalf of others, lists, removes and closes, and nothing else.',
  },
  'not-found': {
    status: 404,
    title: 'There is nothing here',
    retryable: false,
    explanation:
      'No operation has this path. All operations live under `/v1`; `/openapi.yaml` lists them. Behind a proxy, check whether it ' +
      'removes or adds a part of the path.',
  },
  'recipient-not-found': {
    status: 404,
    title: 'The recipient is not in the room',
    retryable: false,
    explanation:
      'The participant named in `to` has not joined the room, has left it, or its idle time ran out. Nothing was stored. Read the ' +
      'roster (`GET /v1/rooms/{roomId}/participants`), or wait for its `participant-joined`, and send again then.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'This path does not take that method',
    retryable: false,
    explanation:
      'The header `Allow` names the methods of this path. Holdline uses GET, POST and DELETE; where a proxy refuses DELETE, send ' +
      'a POST with `X-HTTP-Method-Override: DELETE`. HEAD does not work on a poll, since it would take messages that nobody sees.',
  },
  'participant-exists': {
    status: 409,
    title: 'The participant is already in the room',
    retryable: false,
    explanation:
      'Somebody is in the room under this `participantId`, and you did not prove to be it. If it is you after a reload, send your former ' +
      'token as `Authorization: Bearer` (with `"resume": true` to keep the mailbox). Otherwise choose another id, or leave ' +
      '`participantId` out and get one. A crashed client is gone once its idle time is over.',
  },
  'room-full': {
    status: 409,
    title: 'The room is full',
    retryable: false,
    explanation:
      'The room holds as many participants as the operator allows (`MAX_PARTICIPANTS_PER_ROOM`). Try again when somebody has left; ' +
      'those who vanished without leaving make room once their idle time is over.',
  },
  'poll-superseded': {
    status: 409,
    title: 'A newer poll took over',
    retryable: false,
    explanation:
      'A mailbox holds one poll; when a second one arrives, the first ends with this answer. No message is lost. If you did not send a ' +
      'second poll, another tab or process uses the same token: give each its own participant. Do not poll again at once in a ' +
      'loop, or the two will evict each other forever.',
  },
  'participant-gone': {
    status: 410,
    title: 'The participant has left the room',
    retryable: false,
    explanation:
      'Your participant left, was removed, was replaced by a newer join, or sent no request for longer than its idle time; ' +
      '`reason` says which (`left`, `removed`, `replaced`, `timeout`). Its mailbox is gone. After `timeout` join again and renegotiate; ' +
      'after `replaced` stop, since another client speaks for this participant now.',
  },
  'cursor-expired': {
    status: 410,
    title: 'The cursor belongs to another time',
    retryable: false,
    explanation:
      'The cursor is of an earlier mailbox, behind what you have acknowledged, or ahead of what the server knows (its store was ' +
      'restored from a backup). Continue from `resetCursor`. Messages may be missing: read the roster and renegotiate the call.',
  },
  'too-large': {
    status: 413,
    title: 'The message or body is too large',
    retryable: false,
    explanation:
      "One message's JSON may have `maxMessageBytes` bytes (see `limits` in the join result; 65,536 by default), and a batch " +
      'eight times that; a join may have 16,384 bytes, a poll, an acknowledgement or a leave 4,096. Send SDP and candidates, ' +
      'not files or pictures: those belong into an RTCDataChannel.',
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
      'Within 600 s an `Idempotency-Key` stands for one request: repeating the same body returns the first answer, another body is ' +
      'refused. Use a fresh random key for each new request, and keep it for the retries of that request only.',
  },
  'rate-limited': {
    status: 429,
    title: 'Too many requests',
    retryable: true,
    explanation:
      'You sent more than the server allows in this time, or too many joins, invalid requests or failed authentications came ' +
      'from your client address, or it has the maximum number of participants; nothing was stored. Wait as many seconds as ' +
      '`Retry-After` says, then send ' +
      'the same request again. `RateLimit-Policy` and `RateLimit` tell the budget and what is left of it. Candidates that are ' +
      'found together are best sent together: `POST /v1/rooms/{roomId}/messages/batch`.',
  },
  'mailbox-full': {
    status: 429,
    title: "The recipient's mailbox is full",
    retryable: true,
    explanation:
      'The recipient has not read for a while, and its mailbox holds as much as the server allows (`maxMailboxMessages`). Nothing was ' +
      'stored. Wait as `Retry-After` says and try again: there is room as soon as it polls, or when messages run out of their lifetime.',
  },
  'too-many-polls': {
    status: 429,
    title: 'The server holds as many polls as it can',
    retryable: true,
    explanation:
      'The server protects those whom it serves already. Poll again, with the same cursor, after as many seconds as ' +
      '`Retry-After` says. Operators: see `MAX_HELD_POLLS`.',
  },
  internal: {
    status: 500,
    title: 'Something went wrong in the server',
    retryable: true,
    explanation:
      'This is a fault of the server, and its log tells more under the `requestId`. The same request may work when sent again; repeat the ' +
      '`Idempotency-Key` if it had one, so that nothing happens twice. If it stays, report it with the `requestId`.',
  },
  'shutting-down': {
    status: 503,
    title: 'The server is shutting down',
    retryable: true,
    explanation:
      'The server is about to stop or restart, and takes no new joins and polls. Messages are kept. Send the same request again, ' +
      'with the same cursor, after as many seconds as `Retry-After` says; another process or the restarted one will answer.',
  },
  'storage-unavailable': {
    status: 503,
    title: 'The server cannot store now',
    retryable: true,
    explanation:
      'The store is full, busy or out of reach, or the keys of access tokens are, so the request was not carried out: a 201 is only given for what is stored. Send the ' +
      'same request again after as many seconds as `Retry-After` says. Polls and acknowledgements free space. Operators: see ' +
      '`MAX_STORE_BYTES`, the disk, and the log.',
  },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof PROBLEM_CODES;
