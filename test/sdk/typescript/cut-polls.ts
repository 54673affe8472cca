import { createClient, createConfig } from '../generated/hey-api/client/index.js';
import { joinRoom, pollMessages } from '../generated/hey-api/index.js';

/** Polls of a client that knows nothing of windows, through a proxy that cuts them after 5 s. */
const client = createClient(createConfig({ baseUrl: process.env.HOLDLINE_URL ?? '' }));
const path = { roomId: 'cut-off' };

const { data: joined } = await joinRoom({ client, path, throwOnError: true });
const polls: string[] = [];
for (let poll = 1; poll <= 3; poll += 1) {
  const call = pollMessages({ client, path, auth: joined.token, body: { after: joined.cursor }, throwOnError: true });
  polls.push(
    await call.then(
      ({ data }) => `${data.messages.length} messages, waitSeconds ${data.waitSeconds}`,
      () => 'cut',
    ),
  );
}
// The server sees polls that are a little younger than 5 s, and rounds the window down.
const outcome = polls.join('; ');
if (!/^cut; cut; 0 messages, waitSeconds [34]$/.test(outcome)) throw new Error(`the polls ended like this: ${outcome}`);
