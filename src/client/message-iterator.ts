import type { ReceivedMessage } from '../wire/index.ts';
import type { Emitter } from './events.ts';
import type { MailboxEvents } from './mailbox-events.ts';

const { asyncIterator } = Symbol as Partial<SymbolConstructor>;
/**
 * Hermes lacks `Symbol.asyncIterator`; there, `for await` as Babel compiles it calls the method of this name. The cast
 * holds because only the client's class and such loops use the value, both as a property key.
 */
export const ASYNC_ITERATOR: typeof Symbol.asyncIterator =
  asyncIterator ?? ('@@asyncIterator' as unknown as typeof Symbol.asyncIterator);

/**
 * Iterates over messages. A message counts as handled when the loop asks for the next one or is left.
 * @param isOver whether no more messages come; throws the error with which the loop ends
 */
export async function* iterate(
  mailbox: Emitter<MailboxEvents>,
  isOver: () => boolean,
): AsyncGenerator<ReceivedMessage, void, undefined> {
  let wake = (): void => undefined;
  let handled = (): void => undefined;
  let offered: ReceivedMessage | undefined;
  const endings = [
    mailbox.on('message', (message) => {
      offered = message;
      wake();
      return new Promise<void>((resolve) => (handled = resolve));
    }),
    mailbox.on('ended', () => wake()),
  ];
  try {
    while (!isOver()) {
      if (offered) {
        yield offered;
        offered = undefined;
        handled();
      } else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    for (const end of endings) end();
    handled();
  }
}
