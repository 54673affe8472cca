import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { SUBPROTOCOL, type Fault } from '../../wire/index.ts';
import { OPERATIONS } from '../operations/index.ts';
import { invalidRequest, noUpgrade, otherWebSocketVersion } from '../response/request-problem.ts';

/** A connection whose request asked for a WebSocket on the path of the socket. */
export interface Upgrade {
  readonly socket: Duplex;
  /** The bytes behind the head. */
  readonly head: Buffer;
  /** Takes the connection away from the response, which is no longer sent. */
  take(): void;
}

const upgrades = new WeakMap<IncomingMessage, Upgrade>();

export const offerUpgrade = (req: IncomingMessage, upgrade: Upgrade): void => void upgrades.set(req, upgrade);

const [before, behind] = OPERATIONS.openSocket.path.split('{roomId}');
const PATH = new RegExp(`^${before}[^/?#]*${behind}/?(?:\\?|$)`);

/** @param basePath the path under which the service is mounted */
export function isSocketPath({ url = '' }: IncomingMessage, basePath = ''): boolean {
  return url.startsWith(basePath) && PATH.test(url.slice(basePath.length));
}

/** Any other upgrade, such as to h2c, is ignored (RFC 9110, section 7.8): the request is served as if it did not ask. */
export const asksForWebSocket = ({ method, headers: { upgrade } }: IncomingMessage): boolean =>
  method === 'GET' && upgrade?.toLowerCase() === 'websocket';

const KEY = /^[+/0-9A-Za-z]{22}==$/;

/**
 * Checks the opening handshake of RFC 6455, section 4.2.1.
 * @throws RequestProblem `upgrade-required`, `invalid-request`
 */
export function requireUpgrade(req: IncomingMessage): Upgrade {
  const upgrade = upgrades.get(req);
  if (upgrade === undefined || !asksForWebSocket(req)) throw noUpgrade();
  const { headers } = req;
  if (headers['sec-websocket-version'] !== '13') throw otherWebSocketVersion();
  const faults: Fault[] = [];
  if (!KEY.test(headers['sec-websocket-key'] ?? ''))
    faults.push({ pointer: '/header/Sec-WebSocket-Key', detail: 'must be 16 bytes in base64' });
  if (headers['sec-websocket-protocol']?.split(/\s*,\s*/).includes(SUBPROTOCOL) !== true)
    faults.push({ pointer: '/header/Sec-WebSocket-Protocol', detail: `must offer ${SUBPROTOCOL}` });
  if (faults.length > 0) throw invalidRequest(faults);
  // `ws` refuses a list that it cannot read, with a response that is no problem document.
  headers['sec-websocket-protocol'] = SUBPROTOCOL;
  return upgrade;
}
