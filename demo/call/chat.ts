import { byId, clockTime, isOff, make, setOff } from './dom.ts';

const MAX_LINES = 300;

/** Text messages and room events, in a live region that screen readers announce. */
export class Chat {
  readonly #log = byId('chat-log', HTMLOListElement);
  readonly #text = byId('chat-text', HTMLInputElement);
  readonly #send = byId('chat-send', HTMLButtonElement);

  constructor(send: (text: string) => void) {
    byId('chat-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      if (isOff(this.#send)) return;
      const text = this.#text.value.trim();
      this.#text.value = '';
      if (text === '') return;
      send(text);
      this.addMessage('You', text, true);
    });
  }

  /** Whether a data channel is open. */
  set isOpen(isOpen: boolean) {
    // Not `disabled`, which would take the focus away while the user types.
    this.#text.readOnly = !isOpen;
    setOff(this.#send, !isOpen);
    this.#text.placeholder = isOpen ? 'Message' : 'No one is connected yet';
  }

  addMessage(name: string, text: string, isOwn = false): void {
    this.#add(make('li', isOwn ? 'own' : '', make('strong', '', name), clockTime(), make('p', '', text)));
  }

  addEvent(text: string): void {
    this.#add(make('li', 'event', text, clockTime()));
  }

  clear(): void {
    this.#log.replaceChildren();
    this.isOpen = false;
  }

  #add(line: HTMLLIElement): void {
    this.#log.append(line);
    if (this.#log.childElementCount > MAX_LINES) this.#log.firstElementChild?.remove();
    this.#log.scrollTop = this.#log.scrollHeight;
  }
}
