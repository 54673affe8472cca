import { HoldlineError, type MailboxEnd } from '../../src/client/index.ts';
import { Chat } from './chat.ts';
import { Controls } from './controls.ts';
import { Conversation } from './conversation.ts';
import { byId, hide } from './dom.ts';
import { Lobby, type JoinForm } from './lobby.ts';
import { Panel } from './panel.ts';
import { offerLink } from './room-link.ts';
import { WorseNetwork } from './worse-network.ts';
import { endText, joinProblem, LOST, OFFLINE } from './words.ts';

/** The service may be mounted below a path, or at another origin that a `meta` element names. */
const named = document.querySelector<HTMLMetaElement>('meta[name="holdline-service"]')?.content ?? '';
const service = named === '' ? new URL('../../..', import.meta.url).href : named;

const banner = byId('banner', HTMLElement);
const call = byId('call', HTMLElement);
const title = byId('call-title', HTMLElement);
const alone = byId('alone', HTMLElement);
let conversation: Conversation | undefined;
let isReachable = true;

const chat = new Chat((text) => conversation?.sendText(text));
const panel = new Panel();
const worse = new WorseNetwork((sentence) => panel.tell(sentence));
const controls = new Controls(
  () => conversation,
  () => void conversation?.hangUp(),
);
const lobby = new Lobby(join);

async function join(form: JoinForm): Promise<string | undefined> {
  try {
    chat.clear();
    banner.hidden = true;
    const listeners = { onPeers, onReachable, onSenders: () => controls.show(), onEnded };
    conversation = await Conversation.enter(service, form, { chat, panel, worse }, listeners);
  } catch (error) {
    if (error instanceof HoldlineError && ['unauthenticated', 'forbidden'].includes(error.code)) lobby.askForToken();
    return joinProblem(error);
  }
  document.body.dataset.view = 'call';
  call.hidden = false;
  showRoomName(form.roomId);
  byId('link', HTMLInputElement).value = location.href;
  controls.show();
  // A second press of Enter does nothing on the title.
  title.focus();
  return undefined;
}

function showRoomName(roomId: string | undefined): void {
  byId('room-label', HTMLElement).textContent = roomId ?? '';
  title.textContent = `Call in the room ${roomId ?? ''}`;
  document.title = roomId === undefined ? 'Holdline call' : `${roomId} – Holdline call`;
}

function onPeers(count: number): void {
  if (count > 0) hide(alone, title);
  else alone.hidden = false;
  byId('tiles', HTMLElement).dataset.count = String(count);
}

function onReachable(reachable: boolean): void {
  isReachable = reachable;
  showNetwork();
}

function showNetwork(): void {
  if (conversation === undefined) return;
  banner.hidden = navigator.onLine && isReachable;
  banner.textContent = navigator.onLine ? LOST : OFFLINE;
}

function onEnded(end: MailboxEnd): void {
  conversation = undefined;
  isReachable = true;
  document.body.dataset.view = 'lobby';
  call.hidden = true;
  banner.textContent = endText(end);
  banner.hidden = banner.textContent === '';
  showRoomName(undefined);
  lobby.open();
}

addEventListener('online', showNetwork);
addEventListener('offline', showNetwork);
offerLink();
byId('docs-link', HTMLAnchorElement).href = new URL('docs', `${service.replace(/\/+$/, '')}/`).href;
// The markup disables the buttons of the start page: a press before this line would be lost.
for (const button of document.querySelectorAll<HTMLButtonElement>('button:disabled')) button.disabled = false;
