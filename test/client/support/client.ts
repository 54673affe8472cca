import {
  joinRoom,
  type HoldlineError,
  type JoinOptions,
  type Mailbox,
  type MailboxEvents,
  type ReceivedMessage,
} from '../../../src/client/index.ts';
import { onCleanUp } from '../../support/clean-up.ts';

/** Joins, and leaves after the test, which fails when a listener has failed. */
export async function join(baseUrl: string, participantId: string, more: Partial<JoinOptions> = {}): Promise<Mailbox> {
  const mailbox = await joinRoom({ baseUrl, roomId: 'room', participantId, ...more });
  const errors: HoldlineError[] = [];
  mailbox.on('error', (error) => void errors.push(error));
  onCleanUp(async () => {
    await mailbox.leave();
    // Ignores reports of outages that tests cause, and of a `leave` after the server has stopped.
    const error = errors.find(({ code }) => code === 'listener-failed');
    if (error !== undefined) throw error;
  });
  return mailbox;
}

/** The next event of that name, or the next that fits. */
export function next<Name extends keyof MailboxEvents>(
  mailbox: Mailbox,
  name: Name,
  fits: (event: MailboxEvents[Name]) => boolean = () => true,
): Promise<MailboxEvents[Name]> {
  return new Promise((resolve) => {
    const off = mailbox.on(name, (event) => {
      if (!fits(event)) return;
      off();
      resolve(event);
    });
  });
}

/** Everything that the mailbox receives, room events included, from now on. */
export function record(mailbox: Mailbox): ReceivedMessage[] {
  const messages: ReceivedMessage[] = [];
  mailbox.on('message', (message) => void messages.push(message));
  return messages;
}

export const nextMessage = (mailbox: Mailbox, type: string): Promise<ReceivedMessage> =>
  next(mailbox, 'message', (message) => message.type === type);
