import { expect } from '@jest/globals';
import {
  Call,
  type CallOptions,
  type HoldlineError,
  type InviteOptions,
  type Mailbox,
} from '../../../src/client/index.ts';
import { onCleanUp } from '../../support/clean-up.ts';
import { openPeerConnection, type DataChannel, type PeerConnection } from '../../support/webrtc.ts';

/** What the tests ask of libwebrtc beyond what a call does. */
export interface RealPeerConnection extends PeerConnection {
  readonly signalingState: string;
  readonly iceConnectionState: string;
  readonly remoteDescription: { readonly sdp: string } | null;
  createOffer(options?: { iceRestart?: boolean }): Promise<{ type: string; sdp: string }>;
  addTransceiver(kind: 'audio' | 'video'): unknown;
  addEventListener(type: string, listener: (event: unknown) => void): void;
  removeEventListener(type: string, listener: (event: unknown) => void): void;
}

export const openConnection = (): RealPeerConnection => openPeerConnection() as RealPeerConnection;

/** A connection that greets with its name, and what it was greeted with. */
export class Talker {
  readonly connection = openConnection();
  readonly greeting: Promise<string>;
  #heard: (text: string) => void = () => undefined;
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
    this.greeting = new Promise((resolve) => (this.#heard = resolve));
    this.connection.ondatachannel = ({ channel }) => this.#talk(channel);
  }

  /** As the side that opens the channel. */
  open(): this {
    this.#talk(this.connection.createDataChannel('talk'));
    return this;
  }

  #talk(channel: DataChannel): void {
    channel.onopen = () => {
      // The stack reports the opening a moment later; a call that ended meanwhile has closed the channel.
      if (channel.readyState === 'open') channel.send(this.#name);
    };
    channel.onmessage = ({ data }) => this.#heard(String(data));
  }
}

export interface Side {
  readonly call: Call;
  readonly talker: Talker;
}

/** Calls, with a channel to talk through. */
export function invite(mailbox: Mailbox, to: string, options: Partial<InviteOptions> = {}): Side {
  const talker = new Talker(mailbox.participantId).open();
  return { talker, call: watched(Call.invite(mailbox, { to, peerConnection: talker.connection, ...options })) };
}

/** Hangs up after the test, which fails when something went wrong in the call. */
function watched(call: Call): Call {
  const errors: HoldlineError[] = [];
  call.on('error', (error) => void errors.push(error));
  onCleanUp(() => {
    call.hangUp();
    const [error] = errors;
    if (error !== undefined) throw error.cause instanceof Error ? error.cause : error;
  });
  return call;
}

/** Accepts the next call. */
export function answer(mailbox: Mailbox, options: CallOptions = {}): Promise<Side> {
  return new Promise((resolve) => {
    const off = Call.onInvite(
      mailbox,
      (call) => {
        off();
        const talker = new Talker(mailbox.participantId);
        call.accept(talker.connection);
        resolve({ call: watched(call), talker });
      },
      options,
    );
  });
}

/** Both are connected, and each has heard the other. */
export async function talk(a: Side, b: Side): Promise<void> {
  expect(await Promise.all([a.call.whenConnected, b.call.whenConnected])).toEqual([true, true]);
  expect(await Promise.all([a.talker.greeting, b.talker.greeting])).toEqual([a.call.remote, b.call.remote]);
}
