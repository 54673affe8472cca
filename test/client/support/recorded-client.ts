import { joinRoom, type Gap, type HoldlineError, type JoinOptions, type Mailbox } from '../../../src/client/index.ts';
import { HostileServer } from './hostile-server.ts';

/** A client of a hostile server, with everything that its mailboxes have emitted. */
export class RecordedClient {
  readonly server = new HostileServer();
  readonly errors: HoldlineError[] = [];
  /** Ids of the messages. */
  readonly received: string[] = [];
  readonly gaps: Gap[] = [];

  /** Joins without a handler for messages, so the mailbox does not poll. */
  async join(options: Partial<JoinOptions> = {}): Promise<Mailbox> {
    const mailbox = await joinRoom({ ...this.server.options, ...options });
    mailbox.on('error', (error) => void this.errors.push(error));
    mailbox.on('gap', (gap) => void this.gaps.push(gap));
    return mailbox;
  }

  /** Joins and polls. */
  async listen(options: Partial<JoinOptions> = {}): Promise<Mailbox> {
    const mailbox = await this.join(options);
    mailbox.on('message', ({ id }) => void this.received.push(id));
    return mailbox;
  }
}

export const endOf = (mailbox: Mailbox): Promise<{ reason: string; error: HoldlineError }> =>
  new Promise((resolve) => void mailbox.on('ended', resolve));
