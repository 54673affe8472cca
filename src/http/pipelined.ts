import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

const waiting = new WeakMap<Duplex, Set<ServerResponse>>();

/**
 * Closes an answer that still waits for earlier ones on its connection when that connection ends. Node forgets it if the client
 * asked for a tunnel meanwhile (CONNECT, Upgrade): its poll would be held, and a stopping server wait for it.
 */
export function closeWithConnection({ socket }: IncomingMessage, res: ServerResponse): void {
  if (res.socket !== null) return;
  const others = waiting.get(socket) ?? watched(socket);
  others.add(res);
  res.once('close', () => others.delete(res));
}

/** One listener per connection, however many requests are on it. */
function watched(socket: Duplex): Set<ServerResponse> {
  const responses = new Set<ServerResponse>();
  waiting.set(socket, responses);
  socket.once('close', () => {
    for (const res of responses) {
      res.destroy();
      if (!res.closed) res.emit('close');
    }
  });
  return responses;
}
