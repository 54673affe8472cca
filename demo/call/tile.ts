import type { CallState } from '../../src/client/index.ts';
import { byId, make } from './dom.ts';

const STATES: Readonly<Record<CallState, string>> = {
  inviting: 'calling…',
  ringing: 'ringing…',
  incoming: 'calls…',
  connecting: 'connecting…',
  connected: '',
  reconnecting: 'connection lost, restoring it…',
  ended: '',
};

/** One participant's picture, name and state. */
export class Tile {
  readonly element: HTMLElement;
  readonly #video = make('video', '');
  readonly #name: HTMLElement;
  readonly #state = make('span', 'tile-state');
  readonly #muted = make('span', 'tile-muted', 'muted');
  /** False while the participant has switched the camera off: it then sends black frames. */
  #isShown = true;
  /** Whether the track is live and not muted. */
  #isMoving = false;

  constructor(name: string, isOwn = false) {
    this.#name = make('span', 'tile-name', name);
    this.#video.autoplay = true;
    this.#video.playsInline = true;
    // Without this the user hears their own voice.
    this.#video.muted = isOwn;
    this.#video.setAttribute('aria-label', isOwn ? 'Your picture' : `${name}'s picture`);
    const letter = make('span', 'tile-letter', name.slice(0, 1).toUpperCase());
    letter.ariaHidden = 'true';
    this.#muted.hidden = true;
    const caption = make('figcaption', '', this.#name, this.#muted, this.#state);
    this.element = make('figure', isOwn ? 'tile own' : 'tile', letter, this.#video, caption);
    this.#draw();
    byId('tiles', HTMLElement).append(this.element);
  }

  set name(name: string) {
    this.#name.textContent = name;
  }

  set state(state: CallState) {
    this.#state.textContent = STATES[state];
    this.element.dataset.state = state;
  }

  /** Shows the picture of a stream while its video track is live and not muted. */
  play(stream: MediaStream | null): void {
    this.#video.srcObject = stream;
    for (const track of stream?.getVideoTracks() ?? []) {
      // Mirrors the user's camera, not the test picture.
      this.#video.classList.toggle('mirrored', this.#video.muted && !('canvas' in track));
      const look = (): void => {
        this.#isMoving = !track.muted && track.readyState === 'live';
        this.#draw();
      };
      for (const event of ['mute', 'unmute', 'ended']) track.addEventListener(event, look);
      look();
    }
  }

  showPicture(isShown: boolean): void {
    this.#isShown = isShown;
    this.#draw();
  }

  showMuted(isMuted: boolean): void {
    this.#muted.hidden = !isMuted;
  }

  remove(): void {
    this.#video.srcObject = null;
    this.element.remove();
  }

  #draw(): void {
    this.element.classList.toggle('blank', !(this.#isShown && this.#isMoving));
  }
}
