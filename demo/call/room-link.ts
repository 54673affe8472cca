import { byId } from './dom.ts';

const ROOM = /^[\w-]{1,64}$/;

const ADJECTIVES = ['amber', 'blue', 'calm', 'early', 'green', 'kind', 'quiet', 'silver', 'sunny', 'warm'];
const NOUNS = ['bridge', 'door', 'garden', 'harbour', 'island', 'lantern', 'meadow', 'orchard', 'river', 'window'];
const LETTERS = 'abcdefghjkmnpqrstuvwxyz23456789';

/**
 * Returns the room in the page's address. It follows the `#`, since a room name is a secret and fragments are not sent
 * to servers.
 */
export function roomOfAddress(): string | undefined {
  const name = location.hash.slice(1);
  return ROOM.test(name) ? name : undefined;
}

export function putIntoAddress(roomId: string): void {
  history.replaceState(null, '', `#${roomId}`);
}

/** Easy to read aloud; about 40 random bits behind the words make it hard to guess. */
export function newRoomName(): string {
  const random = [...crypto.getRandomValues(new Uint8Array(10))];
  const pick = (words: ArrayLike<string>): string => words[(random.pop() ?? 0) % words.length] ?? '';
  const tail = Array.from({ length: 8 }, () => pick(LETTERS)).join('');
  return `${pick(ADJECTIVES)}-${pick(NOUNS)}-${tail}`;
}

/** Share sheet, clipboard and text field for the room's link. */
export function offerLink(): void {
  const link = byId('link', HTMLInputElement);
  const share = byId('share', HTMLButtonElement);
  const copy = byId('copy', HTMLButtonElement);
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(location.hostname);
  byId('link-note', HTMLElement).textContent = isLocal
    ? 'This link works on this computer only. For a phone, open this page over https:// at an address that the phone can reach.'
    : '';
  // Absent on pages loaded over plain HTTP, despite the types.
  const { share: shareSheet } = navigator as { share?: Navigator['share'] };
  share.addEventListener('click', () => {
    const url = location.href;
    if (shareSheet === undefined) void copyLink(link, share);
    else void shareSheet.call(navigator, { title: 'Join my call', url }).catch(() => copyLink(link, share));
  });
  copy.addEventListener('click', () => void copyLink(link, copy));
  link.addEventListener('focus', () => link.select());
}

const LABEL_SHOWN_MS = 2_000;

async function copyLink(link: HTMLInputElement, button: HTMLButtonElement): Promise<void> {
  const { clipboard } = navigator as { clipboard?: Clipboard };
  const label = button.textContent;
  try {
    if (clipboard === undefined) throw new Error('only pages over https have a clipboard');
    await clipboard.writeText(location.href);
    button.textContent = 'Copied';
  } catch {
    link.value = location.href;
    link.focus();
    const hasField = document.activeElement === link;
    button.textContent = hasField ? 'Copy it from the field' : "Copy the page's address";
  }
  setTimeout(() => (button.textContent = label), LABEL_SHOWN_MS);
}
