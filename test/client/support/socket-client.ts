import type { JoinOptions, Mailbox, TransportChange } from '../../../src/client/index.ts';
import { socket } from '../../../src/client/socket.ts';
import { FakeSockets, type FakeSocket } from './fake-socket.ts';
import { batch, forever } from './hostile-server.ts';
import { RecordedClient } from './recorded-client.ts';

/** A client whose network has sockets, too. Its polls are held until they are given up. */
export class SocketClient extends RecordedClient {
  readonly sockets = new FakeSockets(this.server.time);
  readonly changes: TransportChange[] = [];
  abortedPolls = 0;

  constructor() {
    super();
    this.server.on('poll', ({ body }, signal) => {
      if (body.wait === 0) return batch(String(body.after));
      signal.addEventListener('abort', () => (this.abortedPolls += 1));
      return forever();
    });
  }

  override async join(options: Partial<JoinOptions> = {}): Promise<Mailbox> {
    const transports = [socket({ WebSocket: this.sockets.WebSocket })];
    const mailbox = await super.join({ transports, ...options });
    mailbox.on('transport', (change) => void this.changes.push(change));
    return mailbox;
  }

  /** Joins, polls, and reads through a socket. */
  async promote(options: Partial<JoinOptions> = {}): Promise<{ mailbox: Mailbox; socket: FakeSocket }> {
    const mailbox = await this.listen(options);
    await this.server.time.advance(3_000);
    return { mailbox, socket: this.sockets.last };
  }

  /** The cursor and `wait` of each poll. */
  get polls(): unknown[] {
    return this.server.all('poll').map(({ body }) => [body.after, body.wait]);
  }
}
