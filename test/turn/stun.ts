import { createHash, createHmac, randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** RFC 8489, section 5. */
const COOKIE = 0x2112a442;
const HEADER_BYTES = 20;
const RETRANSMIT_EVERY_MS = 500;
const BINDING = 0x0001;
/** RFC 8656, section 7. */
const ALLOCATE = 0x0003;
const SUCCESS = 0x0100;

const USERNAME = 0x0006;
const MESSAGE_INTEGRITY = 0x0008;
const ERROR_CODE = 0x0009;
const REALM = 0x0014;
const NONCE = 0x0015;
const RELAYED_ADDRESS = 0x0016;
const REQUESTED_TRANSPORT = 0x0019;
const UDP = Buffer.from([17, 0, 0, 0]);

type Attribute = readonly [type: number, value: Buffer];

interface Reply {
  readonly isSuccess: boolean;
  readonly attributes: ReadonlyMap<number, Buffer>;
}

function encode(type: number, attributes: readonly Attribute[], key?: Buffer): Buffer {
  const body = Buffer.concat(attributes.map(encodeAttribute));
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(type, 0);
  header.writeUInt32BE(COOKIE, 4);
  randomBytes(12).copy(header, 8);
  // The signed length includes the signature: 4 + 20 bytes (RFC 8489, section 14.5).
  header.writeUInt16BE(body.length + (key === undefined ? 0 : 24), 2);
  const message = Buffer.concat([header, body]);
  if (key === undefined) return message;
  const signature = createHmac('sha1', key).update(message).digest();
  return Buffer.concat([message, encodeAttribute([MESSAGE_INTEGRITY, signature])]);
}

function encodeAttribute([type, value]: Attribute): Buffer {
  const padded = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4);
  padded.writeUInt16BE(type, 0);
  padded.writeUInt16BE(value.length, 2);
  value.copy(padded, 4);
  return padded;
}

function decode(message: Buffer): Reply {
  const attributes = new Map<number, Buffer>();
  for (let at = HEADER_BYTES; at < message.length;) {
    const length = message.readUInt16BE(at + 2);
    attributes.set(message.readUInt16BE(at), message.subarray(at + 4, at + 4 + length));
    at += 4 + Math.ceil(length / 4) * 4;
  }
  return { isSuccess: (message.readUInt16BE(0) & 0x0110) === SUCCESS, attributes };
}

/** Retransmits until the response arrives (RFC 8489, section 6.2.1): the server may still be starting. */
async function exchange(socket: Socket, port: number, message: Buffer): Promise<Reply> {
  const send = (): void => socket.send(message, port, '127.0.0.1');
  const retransmitting = setInterval(send, RETRANSMIT_EVERY_MS);
  try {
    send();
    for (;;) {
      const [reply] = (await once(socket, 'message')) as [Buffer];
      if (transactionOf(reply).equals(transactionOf(message))) return decode(reply);
    }
  } finally {
    clearInterval(retransmitting);
  }
}

const transactionOf = (message: Buffer): Buffer => message.subarray(8, HEADER_BYTES);

async function withSocket<T>(use: (socket: Socket) => Promise<T>): Promise<T> {
  const socket = createSocket('udp4');
  try {
    return await use(socket);
  } finally {
    socket.close();
  }
}

/** Resolves once a STUN server on the port answers. */
export const untilAnswering = async (port: number): Promise<void> => {
  await withSocket((socket) => exchange(socket, port, encode(BINDING, [])));
};

/**
 * Requests a relayed address from a local TURN server: first without credentials, to get realm and nonce, then with
 * them (RFC 8489, section 9.2).
 * @returns `relayed`, or the error code
 */
export const allocate = (port: number, username: string, credential: string): Promise<'relayed' | number> =>
  withSocket(async (socket) => {
    const transport: Attribute = [REQUESTED_TRANSPORT, UDP];
    const { attributes } = await exchange(socket, port, encode(ALLOCATE, [transport]));
    const [realm, nonce] = [attributes.get(REALM), attributes.get(NONCE)];
    if (realm === undefined || nonce === undefined) throw new Error('the server has not asked for credentials');
    const key = createHash('md5').update(`${username}:${realm.toString()}:${credential}`).digest();
    const signed: Attribute[] = [transport, [USERNAME, Buffer.from(username)], [REALM, realm], [NONCE, nonce]];
    const reply = await exchange(socket, port, encode(ALLOCATE, signed, key));
    if (reply.isSuccess && reply.attributes.has(RELAYED_ADDRESS)) return 'relayed';
    const error = reply.attributes.get(ERROR_CODE);
    return error === undefined ? NaN : error.readUInt8(2) * 100 + error.readUInt8(3);
  });
