import type { ReceivedMessage } from '../wire/index.ts';

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

export interface Source {
  /** Calls `listener` with each message, the next one when its promise resolves. @returns a function that ends it */
  readonly onMessage: (listener: (message: ReceivedMessage) => Promise<void>) => () => void;
  readonly onEnded: (listener: () => void) => () => void;
  /** Whether no more messages come. @throws what a loop over them is to throw */
  readonly isOver: () => boolean;
}

/** Iterates over messages; one counts as handled when the next one is asked for, or the loop is left. */
export async function* iterate({
  onMessage,
  onEnded,
  isOver,
}: Source): AsyncGenerator<ReceivedMessage, void, undefined> {
  let wake = (): void => undefined;
  let handled = (): void => undefined;
  let offered: ReceivedMessage | undefined;
  const endings = [
    onMessage((message) => {
      offered = message;
      wake();
      return new Promise((resolve) => (handled = resolve));
    }),
    onEnded(() => wake()),
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
