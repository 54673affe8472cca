/** An HTTP response. `headers` is the head as received: parsing fields that nothing reads would cost the generator. */
export interface Reply {
  status: number;
  headers: string;
  body: string;
}

const HEAD_END = '\r\n\r\n';
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i;
const CHUNKED = /\r\ntransfer-encoding: *chunked/i;
const CLOSE = /\r\nconnection: *close/i;

/** The reply at the start of `bytes`, or `undefined` while it is incomplete. Nothing is pipelined. */
export function parseReply(bytes: Buffer): { reply: Reply; keepAlive: boolean } | undefined {
  const headEnd = bytes.indexOf(HEAD_END);
  if (headEnd < 0) return undefined;
  const headers = bytes.toString('latin1', 0, headEnd);
  const status = Number(headers.slice(9, 12));
  const body = readBody(bytes, headEnd + HEAD_END.length, headers, status);
  return body === undefined ? undefined : { reply: { status, headers, body }, keepAlive: !CLOSE.test(headers) };
}

function readBody(bytes: Buffer, start: number, headers: string, status: number): string | undefined {
  if (status === 204 || status === 304) return '';
  const length = CONTENT_LENGTH.exec(headers)?.[1];
  if (length !== undefined) {
    const end = start + Number(length);
    return bytes.length < end ? undefined : bytes.toString('utf8', start, end);
  }
  if (CHUNKED.test(headers)) return readChunks(bytes, start);
  throw new Error(`a reply without a length: ${headers}`);
}

function readChunks(bytes: Buffer, start: number): string | undefined {
  const chunks: Buffer[] = [];
  for (let at = start; ;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    const next = lineEnd + 2 + size + 2;
    if (bytes.length < next) return undefined;
    if (size === 0) return Buffer.concat(chunks).toString();
    chunks.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = next;
  }
}

/** The value of a header field, or `undefined`. */
export function headerOf(reply: Reply, name: string): string | undefined {
  const field = reply.headers.split('\r\n').find((line) => line.toLowerCase().startsWith(`${name}:`));
  return field?.slice(name.length + 1).trim();
}

/** Throws unless the status is 2xx: a refused request must stop a run, never improve its figures. */
export function expectSuccess(reply: Reply): Reply {
  if (reply.status >= 200 && reply.status < 300) return reply;
  throw new Error(`status ${reply.status}: ${reply.body.slice(0, 300)}`);
}
