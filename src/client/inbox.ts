import type { ReceivedMessage } from '../wire/index.ts';
import type { Emitter } from './events.ts';
import type { MailboxEvents } from './mailbox-events.ts';

/** Enough to cover a full mailbox with its room events, should all of it come again. */
const REMEMBERED_IDS = 1_024;

/** Drops what was handled before: a message keeps its `id` in every copy. */
export class Seen {
  #ids: readonly string[] = [];

  readonly isNew = ({ id }: ReceivedMessage): boolean => {
    if (this.#ids.includes(id)) return false;
    this.#ids = [id, ...this.#ids.slice(0, REMEMBERED_IDS)];
    return true;
  };
}

const { asyncIterator } = Symbol as Partial<SymbolConstructor>;
/** Hermes lacks `Symbol.asyncIterator`; there, `for await` as Babel compiles it calls the method of this name. */
export const ASYNC_ITERATOR: typeof Symbol.asyncIterator =
  asyncIterator ?? ('@@asyncIterator' as unknown as typeof Symbol.asyncIterator);

/**
 * Iterates over messages; one counts as handled when the next one is asked for, or the loop is left.
 * @param isOver whether no more messages come; throws what a loop over them is to throw
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
    endings.forEach((end) => end());
    handled();
  }
}
