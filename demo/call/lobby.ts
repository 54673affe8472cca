import { byId, hide, isOff, setOff } from './dom.ts';
import { INSECURE, mediaDevices, openMedia, stop, type Source } from './media.ts';
import { newRoomName, putIntoAddress, roomOfAddress } from './room-link.ts';

/** The values of the join form. */
export interface JoinForm {
  readonly roomId: string;
  readonly displayName: string;
  readonly accessToken: string | undefined;
  readonly stream: MediaStream | undefined;
}

const NOTES: Readonly<Record<Source, string>> = {
  camera: 'Others see your picture only after you join.',
  picture: '',
  none: 'You can see and hear the others, and send text.',
};

const NAME_KEY = 'holdline-demo-name';

/** The form that starts a call. */
export class Lobby {
  readonly #section = byId('lobby', HTMLElement);
  readonly #title = byId('lobby-title', HTMLElement);
  readonly #form = byId('join-form', HTMLFormElement);
  readonly #name = byId('name', HTMLInputElement);
  readonly #room = byId('room', HTMLInputElement);
  readonly #token = byId('token', HTMLInputElement);
  readonly #join = byId('join', HTMLButtonElement);
  readonly #check = byId('check', HTMLButtonElement);
  readonly #preview = byId('preview', HTMLVideoElement);
  readonly #note = byId('preview-note', HTMLElement);
  readonly #problem = byId('join-problem', HTMLElement);
  #stream: MediaStream | undefined;
  /** Number of the newest request for media; older ones are dropped when they resolve. */
  #request = 0;

  /** @param join resolves to the reason, as text, when joining failed */
  constructor(join: (form: JoinForm) => Promise<string | undefined>) {
    // The user may have typed before this script ran.
    this.#name.value ||= localStorage.getItem(NAME_KEY) ?? '';
    this.#readAddress();
    addEventListener('hashchange', () => this.#readAddress());
    this.#form.addEventListener('change', (event) => {
      if (event.target instanceof HTMLInputElement && event.target.name === 'source') void this.#show(false);
    });
    if (mediaDevices() === undefined) this.#chooseTestPicture();
    this.#check.addEventListener('click', () => void this.#show(true));
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (!isOff(this.#join)) void this.#submit(join);
    });
    void this.#show(false);
  }

  open(): void {
    this.#section.hidden = false;
    void this.#show(false);
    // A second press of Enter does nothing on the title.
    this.#title.focus();
  }

  askForToken(): void {
    byId('token-field', HTMLElement).hidden = false;
    this.#token.required = true;
    this.#token.focus();
  }

  get #source(): Source {
    const chosen = new FormData(this.#form).get('source');
    return chosen === 'picture' || chosen === 'none' ? chosen : 'camera';
  }

  /** Preselects the test picture, since the browser offers this page no camera. */
  #chooseTestPicture(): void {
    const picture = this.#form.querySelector<HTMLInputElement>('[name=source][value=picture]');
    if (picture !== null) picture.checked = true;
    byId('source-hint', HTMLElement).textContent = INSECURE;
  }

  #readAddress(): void {
    if (this.#section.hidden) return;
    this.#room.value = roomOfAddress() ?? (this.#room.value || newRoomName());
  }

  /** Opens the chosen source; the camera only with `withCamera`. @returns whether it is available */
  async #show(withCamera: boolean): Promise<boolean> {
    const source = this.#source;
    const request = (this.#request += 1);
    this.#close();
    const media = source === 'camera' && !withCamera ? { stream: undefined } : await openMedia(source);
    // The user chose again while the browser asked for permission.
    if (request !== this.#request) {
      if ('stream' in media) stop(media.stream);
      return false;
    }
    this.#stream = 'stream' in media ? media.stream : undefined;
    this.#preview.srcObject = this.#stream ?? null;
    this.#preview.hidden = this.#stream === undefined;
    if (source !== 'camera' || this.#stream !== undefined) hide(this.#check, this.#preview);
    else this.#check.hidden = false;
    this.#note.textContent = this.#stream === undefined ? NOTES[source] : '';
    this.#problem.textContent = 'problem' in media ? media.problem : '';
    return !('problem' in media);
  }

  #close(): void {
    stop(this.#stream);
    this.#stream = undefined;
  }

  async #submit(join: (form: JoinForm) => Promise<string | undefined>): Promise<void> {
    this.#busy(true);
    const ready = this.#stream !== undefined || (await this.#show(true));
    const problem = ready ? await join(this.#values()) : undefined;
    this.#busy(false);
    if (!ready) return;
    this.#problem.textContent = problem ?? '';
    if (problem !== undefined) return;
    // The stream belongs to the call now.
    this.#stream = undefined;
    this.#preview.srcObject = null;
    this.#section.hidden = true;
  }

  #values(): JoinForm {
    const roomId = this.#room.value;
    putIntoAddress(roomId);
    localStorage.setItem(NAME_KEY, this.#name.value);
    const displayName = this.#name.value.trim() || 'Guest';
    return { roomId, displayName, accessToken: this.#token.value.trim() || undefined, stream: this.#stream };
  }

  #busy(busy: boolean): void {
    setOff(this.#join, busy);
    this.#join.textContent = busy ? 'Joining…' : 'Join';
  }
}
