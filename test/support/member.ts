import { expect } from '@jest/globals';
import type { OperationId } from '../../src/http/operations/index.ts';
import type {
  Batch,
  JoinRequest,
  JoinResult,
  ParticipantView,
  Receipt,
  ReceiptList,
  SendRequest,
} from '../../src/wire/index.ts';
import type { Answer } from './conformance.ts';
import { call, type Sent, type Target } from './http.ts';

type JoinBody = Partial<JoinRequest>;
/** Also of types that the server refuses. */
type Message = Partial<SendRequest>;

/** Every operation that ends a participant must pass the same tests. */
export const LEAVING = ['leaveRoom', 'leaveRoomByPost'] as const satisfies readonly OperationId[];

/** A joined participant with its token. Its named methods expect success; `call` does not. */
export class Member {
  readonly target: Target;
  readonly joined: JoinResult;

  constructor(target: Target, joined: JoinResult) {
    this.target = target;
    this.joined = joined;
  }

  get roomId(): string {
    return this.joined.roomId;
  }

  get id(): string {
    return this.joined.participantId;
  }

  get token(): string {
    return this.joined.token;
  }

  call(id: OperationId, sent: Sent = {}, participantId = this.id): Promise<Answer> {
    return call(this.target, id, { roomId: this.roomId, participantId }, { token: this.token, ...sent });
  }

  /** The request of a named method. Overridden by members that repeat it. */
  protected ask(id: OperationId, sent: Sent = {}): Promise<Answer> {
    return this.call(id, sent);
  }

  async send(message: Message, headers: Record<string, string> = {}): Promise<Receipt> {
    return success(await this.ask('sendMessage', { body: message, headers }), 201) as Receipt;
  }

  async sendAll(messages: readonly Message[], headers: Record<string, string> = {}): Promise<readonly Receipt[]> {
    const answer = await this.ask('sendMessages', { body: { messages }, headers });
    return (success(answer, 201) as ReceiptList).receipts;
  }

  /** Polls with `wait=0` unless the query overrides it. */
  async poll(query: Readonly<Record<string, string | number>> = {}): Promise<Batch> {
    return success(await this.ask('receiveMessages', { query: { wait: 0, ...query } }), 200) as Batch;
  }

  async roster(): Promise<readonly ParticipantView[]> {
    const { participants } = success(await this.ask('listParticipants'), 200) as JoinResult;
    return participants;
  }

  async leave(): Promise<void> {
    success(await this.ask('leaveRoom'), 204);
  }

  /** Leaves by another method than DELETE. */
  leaveBy(method: string, headers: Record<string, string>): Promise<Answer> {
    const place = { roomId: this.roomId, participantId: this.id };
    return call(this.target, 'leaveRoom', place, { token: this.token, headers }, method);
  }

  /** Joins again with its own token. */
  async rejoin(body: JoinBody = {}, headers: Record<string, string> = {}): Promise<Member> {
    const sent = { body: { participantId: this.id, ...body }, headers, token: this.token };
    return new Member(this.target, await joined(this.target, this.roomId, sent));
  }
}

/** A new participant, named by its id or by a whole body. */
export async function join(target: Target, roomId: string, who: string | JoinBody = {}): Promise<Member> {
  const body = typeof who === 'string' ? { participantId: who } : who;
  return new Member(target, await joined(target, roomId, { body }));
}

async function joined(target: Target, roomId: string, sent: Sent): Promise<JoinResult> {
  return success(await call(target, 'joinRoom', { roomId }, sent), 201) as JoinResult;
}

function success(answer: Answer, status: number): unknown {
  expect(answer).toMatchObject({ status });
  return answer.body;
}

let rooms = 0;

/** A room id that no other test of the file uses. */
export const newRoom = (): string => `room-${String((rooms += 1))}`;
