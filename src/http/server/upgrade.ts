import { ServerResponse, type IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { offerUpgrade } from '../request/upgrade.ts';

/** Time for a response to arrive, before its connection is cut. */
const LINGER_MS = 2_000;

export interface UpgradeHandling {
  /** Creates the response; a standalone server has a class of its own. */
  readonly createResponse?: (req: IncomingMessage) => ServerResponse;
  readonly answer: (req: IncomingMessage, res: ServerResponse) => void;
  /** Called once, when the request was answered, or its connection became a socket. */
  readonly onAnswered?: () => void;
}

/**
 * Passes a request that asks for an upgrade through the same checks as any other. The response carries a refusal; an
 * accepted upgrade takes the connection away from it.
 */
export function serveUpgrade(
  req: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  { createResponse = (request) => new ServerResponse(request), answer, onAnswered = () => undefined }: UpgradeHandling,
): void {
  if (!(socket instanceof Socket)) {
    socket.destroy();
    return;
  }
  const res = createResponse(req);
  // Node has removed its own listeners from the connection.
  const ignore = (): void => undefined;
  socket.on('error', ignore);
  const hungUp = (): void => void res.destroy();
  socket.once('close', hungUp);
  res.assignSocket(socket);
  res.shouldKeepAlive = false;
  res.once('finish', () => {
    socket.end();
    cutLater(socket);
    socket.resume();
  });
  res.once('close', onAnswered);
  offerUpgrade(req, {
    socket,
    head,
    take: () => {
      res.detachSocket(socket);
      socket.off('close', hungUp);
      socket.off('error', ignore);
      res.off('close', onAnswered);
      onAnswered();
    },
  });
  answer(req, res);
}

/** The client may never disconnect, and Node no longer applies its timeouts to this connection. */
export function cutLater(socket: Duplex): void {
  const cut = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(cut));
}
