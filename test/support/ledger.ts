import { expect } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { OPERATIONS, type OperationId } from '../../src/http/operations/index.ts';
import type { Batch, JoinRequest, JoinResult, ReceivedMessage, Receipt, ReceiptList } from '../../src/wire/index.ts';
import type { Answer } from './conformance.ts';
import { fetchAnswer, FetchMember, untilAnswered, untilServed } from './fetch-member.ts';
import type { Sent } from './http.ts';
import { LEAVING, type Member } from './member.ts';

interface Stored {
  readonly id: string;
  readonly sender: string;
  /** The message was committed between these two moments. */
  readonly begun: number;
  readonly answered: number;
}

/** What clients know of one mailbox. */
class Account {
  readonly stored: Stored[] = [];
  /** In the order of the first delivery. */
  readonly delivered = new Map<string, ReceivedMessage>();
  expired = 0;
  gone = false;
}

/** All fields except `ageMs`, which grows with each delivery. */
const withoutAge = ({ ageMs: _, ...message }: ReceivedMessage) => message;

/** Two deliveries with equal content are one message to a user, who must not see it twice. */
const contentOf = ({ from, type, payload, callId }: ReceivedMessage) => JSON.stringify([from, type, payload, callId]);

/**
 * Records every 201 response and every delivery, and checks them at the end of a fault: batches are ordered, copies of
 * a message are equal and count once, nothing is doubled, and each message with a 201 was delivered, was reported
 * expired, or its recipient is gone. Messages that a ledger records must differ in their content.
 */
export class Ledger {
  readonly #accounts = new Map<string, Account>();
  /** The first observed member of each participant. */
  readonly #members = new Map<string, Member>();
  readonly #begun = new Map<string, number>();
  #moment = 0;
  readonly repeats: boolean;

  /**
   * @param options.repeats whether the named methods of members repeat a request that the store could not serve, as a
   * client does: for tests that disturb the store, where it may need a moment longer on a busy machine
   */
  constructor({ repeats = false } = {}) {
    this.repeats = repeats;
  }

  /** Joins a new participant, given by its id or a whole request. Outside open mode, joining needs a credential. */
  async join(url: string, roomId: string, who: string | Partial<JoinRequest>, credential?: string): Promise<Member> {
    const body = typeof who === 'string' ? { participantId: who } : who;
    const headers = { 'Idempotency-Key': randomUUID() };
    const sent = { body, headers, ...(credential !== undefined && { token: credential }) };
    const path = `/v1/rooms/${roomId}/participants`;
    const answer = await untilServed(() => untilAnswered(() => fetchAnswer(url, 'joinRoom', path, sent)));
    expect(answer).toMatchObject({ status: 201 });
    return this.observe(url, answer.body as JoinResult);
  }

  /** Observes a participant that joined by other means, or one at another address. */
  observe(url: string, joined: JoinResult): Member {
    const member = new Observed(this, url, joined);
    if (!this.#accounts.has(member.id)) this.#accounts.set(member.id, new Account());
    if (!this.#members.has(member.id)) this.#members.set(member.id, member);
    return member;
  }

  /** A retried request begins with its first attempt, which may have been committed. */
  begin(requestKey?: string): number {
    const now = (this.#moment += 1);
    if (requestKey === undefined) return now;
    const begun = this.#begun.get(requestKey) ?? now;
    this.#begun.set(requestKey, begun);
    return begun;
  }

  sent(sender: string, begun: number, receipts: readonly Receipt[]): void {
    const answered = (this.#moment += 1);
    for (const { id, recipients } of receipts) {
      for (const { participantId } of recipients) {
        const { stored } = this.#account(participantId);
        if (!stored.some((other) => other.id === id)) stored.push({ id, sender, begun, answered });
      }
    }
  }

  received(reader: string, { messages, expired }: Batch): void {
    const account = this.#account(reader);
    const { delivered } = account;
    account.expired += expired;
    for (const message of messages) {
      const copy = delivered.get(message.id);
      if (copy === undefined) delivered.set(message.id, message);
      else expect(withoutAge(message)).toEqual(withoutAge(copy));
    }
    const places = new Map([...delivered.keys()].map((id, place) => [id, place]));
    const order = messages.map(({ id }) => places.get(id));
    expect(order).toEqual([...new Set(order)].sort((one, other) => Number(one) - Number(other)));
  }

  gone(participantId: string): void {
    this.#account(participantId).gone = true;
  }

  /** Reads every mailbox to its end, and checks the records. The server must be available. */
  async settle(): Promise<void> {
    for (const member of this.#members.values()) if (!this.#account(member.id).gone) await readAll(member);
    for (const [participantId, account] of this.#accounts) this.#balance(participantId, account);
  }

  #balance(participantId: string, account: Account): void {
    const contents = [...account.delivered.values()].filter(({ from }) => from !== undefined).map(contentOf);
    expect({ participantId, doubled: contents.length - new Set(contents).size }).toEqual({ participantId, doubled: 0 });
    const missing = account.stored.filter((stored) => !this.#isAccountedFor(participantId, account, stored));
    expect({ participantId, missing }).toEqual({ participantId, missing: [] });
    expectOrderOfCommits(account);
  }

  #isAccountedFor(participantId: string, account: Account, { id, sender }: Stored): boolean {
    if (account.gone || account.delivered.has(id)) return true;
    const sending = this.#account(sender);
    if (sending.gone) return account.expired > 0;
    return [...sending.delivered.values()].some(
      ({ type, payload }) => type === 'message-expired' && isAbout(payload, id, participantId),
    );
  }

  #account(participantId: string): Account {
    const account = this.#accounts.get(participantId);
    if (account === undefined) throw new Error(`the ledger knows no ${participantId}`);
    return account;
  }
}

const isAbout = ({ messageId, to }: { messageId: string; to: string }, id: string, recipient: string): boolean =>
  messageId === id && to === recipient;

/** A message whose 201 preceded the request of another was committed first, so it must be delivered first. */
function expectOrderOfCommits({ stored, delivered }: Account): void {
  const byId = new Map(stored.map((message) => [message.id, message]));
  const inOrder = [...delivered.keys()].flatMap((id) => byId.get(id) ?? []);
  let latestBegun = 0;
  for (const { id, begun, answered } of inOrder) {
    expect({ id, overtaken: answered < latestBegun }).toEqual({ id, overtaken: false });
    latestBegun = Math.max(latestBegun, begun);
  }
}

async function readAll(member: Member): Promise<void> {
  let batch = await member.poll();
  while (batch.messages.length > 0 || batch.expired > 0) batch = await member.poll({ after: batch.cursor });
}

/** A member whose sends and polls are recorded. */
class Observed extends FetchMember {
  readonly #ledger: Ledger;

  constructor(ledger: Ledger, url: string, joined: JoinResult) {
    super(url, joined);
    this.#ledger = ledger;
  }

  protected override ask(id: OperationId, sent: Sent = {}): Promise<Answer> {
    if (!this.#ledger.repeats) return super.ask(id, sent);
    const key = 'isIdempotent' in OPERATIONS[id] ? { 'Idempotency-Key': randomUUID() } : {};
    return untilServed(() => this.call(id, { ...sent, headers: { ...key, ...sent.headers } }));
  }

  override async call(id: OperationId, sent: Sent = {}, participantId = this.id): Promise<Answer> {
    const key = sent.headers?.['Idempotency-Key'];
    const begun = this.#ledger.begin(key === undefined ? undefined : `${this.id} ${key}`);
    const answer = await super.call(id, sent, participantId);
    if (answer.status === 201 && id === 'sendMessage') this.#ledger.sent(this.id, begun, [answer.body as Receipt]);
    if (answer.status === 201 && id === 'sendMessages')
      this.#ledger.sent(this.id, begun, (answer.body as ReceiptList).receipts);
    if (answer.status === 200 && (id === 'receiveMessages' || id === 'pollMessages'))
      this.#ledger.received(this.id, answer.body as Batch);
    const isLeaving = LEAVING.some((leaving) => leaving === id);
    if ((answer.body as { code?: string } | undefined)?.code === 'participant-gone' || isLeaving)
      this.#ledger.gone(participantId);
    return answer;
  }
}
