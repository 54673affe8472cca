// Runs behind the bundle on Hermes itself, whose command has neither a network nor timers that wait: one participant joins, receives
// one message by `for await`, and leaves, on answers that are written down here.
/* global app, print */
const answers = {
  participants: {
    roomId: 'room',
    participantId: 'native',
    token: 'token',
    cursor: '0',
    resumed: false,
    participants: [],
    iceServers: [],
    limits: { defaultWaitSeconds: 25, idleTimeoutSeconds: 60, maxSendBatch: 32, defaultTtlSeconds: 120 },
  },
  poll: {
    messages: [{ id: '1', from: 'node', type: 'custom', payload: 'hello', sentAt: '', ageMs: 0 }],
    cursor: '1',
    more: false,
    expired: 0,
  },
};

function reply(url) {
  const body = answers[url.slice(url.lastIndexOf('/') + 1)];
  return Promise.resolve({
    status: body ? 200 : 204,
    headers: { get: () => null },
    text: () => Promise.resolve(body ? JSON.stringify(body) : ''),
  });
}

const timers = { setTimeout: () => 0, clearTimeout: () => undefined, now: () => Date.now() };
app
  .joinRoom({ baseUrl: 'http://holdline', roomId: 'room', fetch: reply, timers })
  .then((mailbox) => app.receive(mailbox).then((payload) => mailbox.leave().then(() => payload)))
  .then(
    (payload) => print('received ' + payload),
    (error) => print('failed: ' + String((error && error.stack) || error)),
  );
