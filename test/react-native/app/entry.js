import './globals';
import { Call, HoldlineError, joinRoom, Mesh } from 'holdline/client';

/** The payload of the next `custom` message. */
async function receive(mailbox) {
  for await (const { type, payload } of mailbox) if (type === 'custom') return payload;
  return undefined;
}

/** Greets the participant `node`, waits for its greeting, calls it, and hangs up once connected. */
async function converse(options, peerConnection) {
  const mailbox = await joinRoom({ roomId: 'room', participantId: 'native', ...options });
  await mailbox.send({ type: 'custom', to: 'node', payload: 'hello from the bundle' });
  const greeting = await receive(mailbox);
  const call = Call.invite(mailbox, { to: 'node', peerConnection });
  const connected = await call.whenConnected;
  call.hangUp();
  await mailbox.leave();
  return { greeting, connected };
}

// Parts of it stand alone: Hermes outside of a phone has neither a network nor connections.
globalThis.app = { converse, receive, joinRoom, exported: Object.keys({ Call, HoldlineError, joinRoom, Mesh }) };
