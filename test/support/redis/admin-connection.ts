import { createClient, RESP_TYPES } from '@redis/client';
import { WAIT_TIMEOUT_MS } from '../wait-timeout.ts';

const connected = (port: number) =>
  createClient({ socket: { host: '127.0.0.1', port, reconnectStrategy: false, connectTimeout: WAIT_TIMEOUT_MS } })
    .withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
    .on('error', () => undefined)
    .connect();

type Argument = string | number | Buffer;

/** An operator's connection to one server. Replies stay binary, since `DUMP` returns bytes. */
export class AdminConnection {
  readonly #client: Awaited<ReturnType<typeof connected>>;

  private constructor(client: Awaited<ReturnType<typeof connected>>) {
    this.#client = client;
  }

  static async open(port: number): Promise<AdminConnection> {
    return new AdminConnection(await connected(port));
  }

  command(args: readonly Argument[]): Promise<unknown> {
    return this.#client.sendCommand(args.map((one) => (typeof one === 'number' ? String(one) : one)));
  }

  close(): void {
    this.#client.destroy();
  }
}
