import { joinRoom, type OutgoingMessage, type ReceivedMessage } from '../../src/client/index.ts';
import { startServer } from './server.ts';
import { SocketIoUser } from './user.ts';

// Two users of one server exchange the messages of two calls, without media: Alice uses Socket.IO, Bob polls.

const roomId = 'blue-door-4821';
const server = await startServer(':memory:');
const calls: string[] = [];
let end = (): void => undefined;
const ended = new Promise<void>((resolve) => (end = resolve));

const ANSWERS: Readonly<Record<string, readonly string[]>> = { invite: ['ringing', 'accept'], accept: ['hangup'] };

/** Prints a message that has arrived, and answers it as a client does in a call. */
function handle(name: string, message: ReceivedMessage, send: (message: OutgoingMessage) => Promise<unknown>): void {
  const { type, from, callId } = message;
  if (from === undefined) return;
  console.log(`${name} gets "${type}" from ${from}`);
  for (const answer of ANSWERS[type] ?? []) void send({ to: from, type: answer, callId } as OutgoingMessage);
  if (type !== 'hangup') return;
  calls.push(name);
  if (calls.length === 2) end();
}

const bob = await joinRoom({ baseUrl: server.pollingUrl, roomId, participantId: 'bob' });
const alice = new SocketIoUser(server.url, { roomId, userId: 'alice' }, (message) =>
  handle('Alice (Socket.IO)', message, (answer) => alice.send(answer)),
);
bob.on('message', (message) => handle('Bob (polling)', message, (answer) => bob.send(answer)));
bob.on('participant-joined', () => {
  void alice.send({ to: 'bob', type: 'invite', callId: 'call-of-alice' });
  void bob.send({ to: 'alice', type: 'invite', callId: 'call-of-bob' });
});

await ended;
alice.socket.disconnect();
await bob.leave();
await server.close();
