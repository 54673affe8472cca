/** What the conversation needs of a generated client, in the words of the contract. */
export interface Sdk {
  join(roomId: string, participantId: string): Promise<{ readonly token: string; readonly cursor: string }>;
  listening(member: Member): Promise<readonly string[]>;
  send(member: Member, message: Sent): Promise<{ readonly id: string; readonly recipients: readonly Recipient[] }>;
  poll(member: Member, after: string, wait: number): Promise<Batch>;
  acknowledge(member: Member, cursor: string): Promise<void>;
  leave(member: Member): Promise<void>;
  leaveByPost(member: Member): Promise<void>;
  /** A send that is refused. @returns its status, and the problem as the client types it */
  refused(member: Member, message: Sent): Promise<{ readonly status: number; readonly problem: Problem }>;
}

export interface Member {
  readonly roomId: string;
  readonly participantId: string;
  readonly token: string;
}

export interface Sent {
  readonly to: string;
  readonly type: 'offer';
  readonly payload: { readonly type: string; readonly sdp: string };
}

interface Recipient {
  readonly participantId: string;
  readonly listening: boolean;
}

interface Batch {
  readonly messages: readonly { readonly type: string; readonly from?: string; readonly payload?: unknown }[];
  readonly cursor: string;
  readonly more: boolean;
  readonly expired: number;
}

interface Problem {
  readonly code: string;
  readonly title: string;
  readonly retryable: boolean;
}

const offer = (to: string): Sent => ({ to, type: 'offer', payload: { type: 'offer', sdp: 'v=0\r\n' } });

/** Join, send, a held poll, acknowledge, an error, leave. @throws Error at the first answer that is not as it must be */
export async function converse(sdk: Sdk): Promise<void> {
  const roomId = 'generated';
  const [alice, bob] = [
    { roomId, participantId: 'alice', ...(await sdk.join(roomId, 'alice')) },
    { roomId, participantId: 'bob', ...(await sdk.join(roomId, 'bob')) },
  ];
  const joined = await sdk.poll(alice, alice.cursor, 0);
  same(
    'the first batch',
    joined.messages.map(({ type }) => type),
    ['participant-joined'],
  );

  const held = sdk.poll(alice, joined.cursor, 20);
  while (!(await sdk.listening(bob)).includes('alice')) continue;
  const receipt = await sdk.send(bob, offer('alice'));
  same('the receipt', receipt.recipients, [{ participantId: 'alice', listening: true }]);
  const batch = await held;
  same(
    'the message',
    batch.messages.map(({ type, from, payload }) => ({ type, from, payload })),
    [{ type: 'offer', from: 'bob', payload: offer('alice').payload }],
  );
  same('what follows', [batch.more, batch.expired], [false, 0]);

  await sdk.acknowledge(alice, batch.cursor);
  same('an empty batch', (await sdk.poll(alice, batch.cursor, 0)).messages, []);
  const { status, problem } = await sdk.refused(bob, offer('nobody'));
  same('the refusal', [status, problem.code, problem.retryable], [404, 'recipient-not-found', false]);

  await sdk.leave(bob);
  const left = await sdk.poll(alice, batch.cursor, 20);
  same(
    'the last batch',
    left.messages.map(({ type }) => type),
    ['participant-left'],
  );
  await sdk.leaveByPost(alice);
}

function same(what: string, actual: unknown, expected: unknown): void {
  const [got, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (got !== wanted) throw new Error(`${what} is ${got} instead of ${wanted}`);
}
