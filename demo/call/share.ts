import { byId } from './dom.ts';

/** The ways to hand the room's link to somebody. */
export function offerLink(): void {
  const link = byId('link', HTMLInputElement);
  const share = byId('share', HTMLButtonElement);
  const copy = byId('copy', HTMLButtonElement);
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(location.hostname);
  byId('link-note', HTMLElement).textContent = isLocal
    ? 'It works on this computer only: for a phone, open this page by an address that the phone can reach, over https://.'
    : '';
  // Absent on pages that came over plain HTTP, whatever the types say.
  const { share: shareSheet } = navigator as { share?: Navigator['share'] };
  share.addEventListener('click', () => {
    const url = location.href;
    if (shareSheet === undefined) void copyLink(link, share);
    else void shareSheet.call(navigator, { title: 'Join my call', url }).catch(() => copyLink(link, share));
  });
  copy.addEventListener('click', () => void copyLink(link, copy));
  link.addEventListener('focus', () => link.select());
}

const TOLD_MS = 2_000;

async function copyLink(link: HTMLInputElement, button: HTMLButtonElement): Promise<void> {
  const { clipboard } = navigator as { clipboard?: Clipboard };
  const words = button.textContent;
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
  setTimeout(() => (button.textContent = words), TOLD_MS);
}
