import {
  joinRoom,
  type Emitter,
  type ErrorEvents,
  type HoldlineError,
  type JoinOptions,
  type Mailbox,
  type ReceivedMessage,
} from '../../../src/client/index.ts';
import { onCleanUp } from '../../support/clean-up.ts';

/** Joins, and leaves after the test. What goes wrong in a listener fails the test. */
export async function join(baseUrl: string, participantId: string, more: Partial<JoinOptions> = {}): Promise<Mailbox> {
  const mailbox = await joinRoom({ baseUrl, roomId: 'room', participantId, ...more });
  onCleanUp(() => mailbox.leave());
  mailbox.on('error', (error: HoldlineError) => {
    throw error.cause instanceof Error ? error.cause : error;
  });
  return mailbox;
}

/** The next event of that name, or the next that fits. */
export function next<Events extends ErrorEvents, Name extends keyof Events>(
  source: Emitter<Events>,
  name: Name,
  fits: (event: Events[Name]) => boolean = () => true,
): Promise<Events[Name]> {
  return new Promise((resolve) => {
    const off = source.on(name, (event) => {
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
