import { afterEach, describe, expect, test } from '@jest/globals';
import { HoldlineError, joinRoom, type Mailbox, type ReceivedMessage } from 'holdline/client';
import { AppState } from 'react-native';

const baseUrl = process.env['HOLDLINE_URL'] ?? '';
const mailboxes: Mailbox[] = [];

async function join(participantId: string): Promise<Mailbox> {
  const mailbox = await joinRoom({ baseUrl, roomId: 'jest', participantId });
  mailboxes.push(mailbox);
  return mailbox;
}

afterEach(() => Promise.all(mailboxes.splice(0).map((mailbox) => mailbox.leave())));

const next = (mailbox: Mailbox, type: ReceivedMessage['type']): Promise<ReceivedMessage> =>
  new Promise((resolve) => {
    mailbox.on('message', (message) => {
      if (message.type === type) resolve(message);
    });
  });

describe("an app's test under the preset of React Native", () => {
  test('joins, sends, receives and leaves', async () => {
    const alice = await join('alice');
    const bob = await join('bob');
    const message = next(bob, 'offer');
    const departure = new Promise((resolve) => bob.on('participant-left', resolve));
    await alice.send({ type: 'offer', to: 'bob', payload: { type: 'offer', sdp: 'v=0\r\n' } });
    expect(await message).toMatchObject({ from: 'alice', payload: { type: 'offer', sdp: 'v=0\r\n' } });
    await alice.leave();
    expect(await departure).toEqual({ participantId: 'alice', reason: 'left' });
  });

  test('receives by for await', async () => {
    const alice = await join('alice');
    const bob = await join('bob');
    await alice.send({ type: 'custom', to: 'bob', payload: 'hello' });
    for await (const { type, payload } of bob) {
      expect({ type, payload }).toEqual({ type: 'custom', payload: 'hello' });
      break;
    }
  });

  test('gets a HoldlineError when it is refused', async () => {
    await join('alice');
    const refused = await join('alice').catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(HoldlineError);
    expect(refused).toMatchObject({ code: 'participant-exists' });
  });

  test('wakes its mailbox from AppState, as on a phone', async () => {
    const mailbox = await join('alice');
    expect(AppState.addEventListener('change', () => mailbox.wake())).toEqual({ remove: expect.any(Function) });
  });
});
