import { byId, isOff, setOff } from './dom.ts';
import type { Conversation } from './conversation.ts';

/** Mute, camera, hang up. */
export class Controls {
  readonly #mic = byId('mic', HTMLButtonElement);
  readonly #camera = byId('camera', HTMLButtonElement);
  readonly #current: () => Conversation | undefined;

  constructor(current: () => Conversation | undefined, hangUp: () => void) {
    this.#current = current;
    this.#mic.addEventListener('click', () => this.#toggle('mic', this.#mic));
    this.#camera.addEventListener('click', () => this.#toggle('camera', this.#camera));
    byId('hang-up', HTMLButtonElement).addEventListener('click', hangUp);
  }

  /** Shows what this side sends: after joining, and after every change. */
  show(): void {
    const conversation = this.#current();
    if (conversation === undefined) return;
    const { senders, hasMic, hasCamera } = conversation;
    label(this.#mic, senders.mic, hasMic, ['Mute', 'Unmute', 'No microphone']);
    label(this.#camera, senders.camera, hasCamera, ['Camera off', 'Camera on', 'No camera']);
  }

  #toggle(which: 'mic' | 'camera', button: HTMLButtonElement): void {
    const conversation = this.#current();
    if (conversation === undefined || isOff(button)) return;
    conversation.senders = { ...conversation.senders, [which]: !conversation.senders[which] };
  }
}

/** The label names the action of a press. `aria-pressed` requires a constant label, so these buttons do not have it. */
function label(
  button: HTMLButtonElement,
  isOn: boolean,
  exists: boolean,
  words: readonly [string, string, string],
): void {
  const [off, on, none] = words;
  setOff(button, !exists);
  button.classList.toggle('off', !isOn);
  const word = button.querySelector('.word');
  if (word !== null) word.textContent = exists ? (isOn ? off : on) : none;
}
