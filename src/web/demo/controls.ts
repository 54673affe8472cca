import { byId } from './dom.ts';
import type { Conversation } from './conversation.ts';

/** Mute, camera, hang up. */
export class Controls {
  readonly #mic = byId('mic', HTMLButtonElement);
  readonly #camera = byId('camera', HTMLButtonElement);
  readonly #current: () => Conversation | undefined;

  constructor(current: () => Conversation | undefined, hangUp: () => void) {
    this.#current = current;
    this.#mic.addEventListener('click', () => this.#toggle('mic'));
    this.#camera.addEventListener('click', () => this.#toggle('camera'));
    byId('hang-up', HTMLButtonElement).addEventListener('click', hangUp);
  }

  show(): void {
    const conversation = this.#current();
    if (conversation === undefined) return;
    const { senders, hasMic, hasCamera } = conversation;
    label(this.#mic, senders.mic, hasMic, ['Mute', 'Unmute', 'No microphone']);
    label(this.#camera, senders.camera, hasCamera, ['Camera off', 'Camera on', 'No camera']);
  }

  #toggle(which: 'mic' | 'camera'): void {
    const conversation = this.#current();
    if (conversation === undefined) return;
    conversation.senders = { ...conversation.senders, [which]: !conversation.senders[which] };
    this.show();
  }
}

/** The words say what a press does, so the state is told by them and not by `aria-pressed` as well. */
function label(
  button: HTMLButtonElement,
  isOn: boolean,
  exists: boolean,
  words: readonly [string, string, string],
): void {
  const [off, on, none] = words;
  button.disabled = !exists;
  button.classList.toggle('off', !isOn);
  const word = button.querySelector('.word');
  if (word !== null) word.textContent = exists ? (isOn ? off : on) : none;
}
