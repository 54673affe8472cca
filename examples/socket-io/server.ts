import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { Server } from 'socket.io';
// In your own project, import from 'holdline'.
import { createHoldline, defaultSettings } from '../../src/index.ts';
import { bridge, type UserServer } from './bridge.ts';

const MOUNT_PATH = '/signalling';

export interface RunningServer {
  readonly url: string;
  /** The `baseUrl` of users that poll. */
  readonly pollingUrl: string;
  close(): Promise<void>;
}

/** One server for both kinds of users. @param databasePath of the SQLite file that keeps messages over a restart */
export async function startServer(databasePath: string, port = 0): Promise<RunningServer> {
  const settings = defaultSettings({ store: { kind: 'sqlite', path: databasePath }, logLevel: 'warn' });
  const holdline = await createHoldline(settings);
  const app = express();
  app.use(MOUNT_PATH, holdline.app);
  const server = createServer(app);

  // Socket.IO would cut the upgrades of others after a second.
  const io: UserServer = new Server(server, { destroyUpgrade: false });
  io.use((socket, next) => {
    // Stands for your own authentication.
    const { roomId, userId } = socket.handshake.auth;
    socket.data = { roomId: String(roomId), userId: String(userId) };
    next();
  });
  bridge(io, holdline);

  server.on('upgrade', (req, socket, head) => {
    const isTaken = holdline.upgrade(req, socket, head, { basePath: MOUNT_PATH });
    if (!isTaken && !req.url?.startsWith(io.path())) socket.destroy();
  });
  await once(server.listen(port), 'listening');
  const url = `http://localhost:${(server.address() as AddressInfo).port}`;
  return {
    url,
    pollingUrl: url + MOUNT_PATH,
    async close() {
      // Disconnects the users, whose mailboxes stay, and takes no new connections.
      const closed = io.close();
      await holdline.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
