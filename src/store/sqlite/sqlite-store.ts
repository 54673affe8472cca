import type { Clock } from '../../signalling/clock.ts';
import type { Cursor } from '../../signalling/cursor.ts';
import type { Awaitable, Deferred } from '../../signalling/deferred.ts';
import { CANARY_ROOM, isReserved, type MailboxId, type ParticipantId, type RoomId } from '../../signalling/ids.ts';
import type { Limits } from '../../signalling/limits.ts';
import type { GoneReason, Mailbox, Participant } from '../../signalling/message.ts';
import type {
  Append,
  Appended,
  Hint,
  Join,
  Joined,
  Page,
  PollPresence,
  ReadRange,
  RoomSummary,
  Store,
  StoredToken,
  StoreUsage,
} from '../../signalling/store.ts';
import { SILENT, type Telemetry } from '../../signalling/telemetry.ts';
import type { TokenHandle } from '../../signalling/tokens.ts';
import { OpenPolls } from '../open-polls.ts';
import { storeUnavailable } from '../../signalling/errors.ts';
import { acknowledge, WriteBehindAcknowledgements } from './acknowledge.ts';
import { isFull, type SqliteContext } from './context.ts';
import { openDatabase, type OpenDatabase } from './database.ts';
import { GroupCommit } from './group-commit.ts';
import { IdleTimers } from './idle-timers.ts';
import { join, knowsJoin } from './join.ts';
import { MemoryIndex } from './memory-index.ts';
import { read } from './read.ts';
import { closeRoom, depart } from './remove.ts';
import { append } from './send.ts';
import { prepareStatements } from './statements.ts';
import { Sweep } from './sweep.ts';
import { claim, claimInMemory, findToken } from './tokens.ts';

export interface SqliteStoreOptions {
  readonly path: string;
  readonly synchronous: 'full' | 'normal';
  readonly limits: Limits;
  readonly clock: Clock;
  readonly telemetry?: Telemetry;
}

/**
 * One process, one file. Rows are authoritative; rooms, participants and tokens are mirrored in memory
 * (`memory-index.ts`).
 */
export class SqliteStore implements Store {
  readonly #database: OpenDatabase;
  readonly #context: SqliteContext;
  readonly #commit: GroupCommit;
  readonly #sweep: Sweep;
  readonly #writeBehind: WriteBehindAcknowledgements;
  readonly #watchers: ((hint: Hint) => void)[] = [];
  readonly #polls = new OpenPolls({
    hold: (mailbox, { forMs }) => this.#context.index.find(mailbox)?.holdPoll(this.#context.clock.steadyMs() + forMs),
    supersedeElsewhere: () => undefined,
    end: (mailbox, outcome) => this.#context.index.find(mailbox)?.endPoll(outcome, this.#context.clock.steadyMs()),
  });

  /** @throws StoreError */
  static open(options: SqliteStoreOptions): SqliteStore {
    return new SqliteStore(openDatabase(options), options);
  }

  private constructor(database: OpenDatabase, { clock, limits, telemetry = SILENT }: SqliteStoreOptions) {
    this.#database = database;
    const nowMs = clock.steadyMs();
    const statements = prepareStatements(database.db);
    const idleTimers = new IdleTimers(nowMs);
    const index = new MemoryIndex(statements, idleTimers);
    index.load(nowMs);
    this.#context = { statements, index, clock, limits, telemetry };
    this.#sweep = new Sweep(this.#context, idleTimers);
    this.#commit = new GroupCommit({
      db: database.db,
      onRollback: (rooms) => index.rolledBack(rooms, clock.steadyMs()),
      onHint: (hint) => this.#watchers.forEach((watcher) => watcher(hint)),
      onCommit: (operations, elapsedMs) => {
        index.committed();
        telemetry.committed(operations, elapsedMs);
      },
      obstacle: () => database.files?.fault,
    });
    this.#writeBehind = new WriteBehindAcknowledgements(this.#context, this.#commit);
  }

  join(request: Join): Deferred<Joined> {
    return this.#commit.run((tx) => join(this.#context, tx, request));
  }

  async knowsJoin(_roomId: RoomId, scope: string): Promise<boolean> {
    return knowsJoin(this.#context, scope);
  }

  findToken(handle: TokenHandle): StoredToken | undefined {
    return findToken(this.#context, handle);
  }

  claimToken(handle: TokenHandle): Awaitable<StoredToken | undefined> {
    if (claimInMemory(this.#context, handle)) return this.findToken(handle);
    return this.#commit.run((tx) => claim(this.#context, tx, handle)).then(() => this.findToken(handle));
  }

  async participants(roomId: RoomId): Promise<readonly Participant[]> {
    const nowMs = this.#context.clock.steadyMs();
    const records = this.#context.index.rooms.get(roomId)?.participants.values() ?? [];
    return [...records].map((record) => record.asParticipant(nowMs));
  }

  async listRooms(after: RoomId | undefined, limit: number): Promise<readonly RoomSummary[]> {
    const { statements, index } = this.#context;
    return statements.roomsAfter
      .all(after ?? '', limit)
      .filter(({ roomId }) => !isReserved(roomId))
      .map((room) => ({ ...room, participants: index.rooms.get(room.roomId)?.participants.size ?? 0 }));
  }

  append(request: Append): Deferred<Appended> {
    return this.#commit.run((tx) => append(this.#context, tx, request));
  }

  read(mailbox: Mailbox, range: ReadRange): Page {
    return read(this.#context, mailbox, range);
  }

  acknowledge(mailbox: Mailbox, cursor: Cursor): Deferred<void> {
    return this.#commit.run((tx) => acknowledge(this.#context, tx, mailbox, cursor));
  }

  acknowledgeWriteBehind(mailbox: Mailbox, cursor: Cursor): void {
    this.#writeBehind.add(mailbox, cursor);
  }

  depart(roomId: RoomId, participantId: ParticipantId, reason: GoneReason, mailboxId?: MailboxId): Deferred<void> {
    return this.#commit.run((tx) => {
      const participant = this.#context.index.rooms.get(roomId)?.participants.get(participantId);
      if (participant === undefined) return;
      if (mailboxId !== undefined && mailboxId !== participant.mailboxId) return;
      depart(this.#context, tx, participant, reason);
    });
  }

  closeRoom(roomId: RoomId): Deferred<void> {
    return this.#commit.run((tx) => closeRoom(this.#context, tx, roomId));
  }

  touch(mailbox: Mailbox): void {
    const record = this.#context.index.find(mailbox);
    if (record !== undefined) record.seenAtMs = this.#context.clock.steadyMs();
  }

  openPoll(mailbox: Mailbox): PollPresence {
    return this.#polls.open(mailbox);
  }

  async sweep(): Promise<boolean> {
    const { files } = this.#database;
    files?.check(this.#context.clock.steadyMs());
    if (files?.fault !== undefined) throw storeUnavailable(files.fault);
    return this.#sweep.isDue() && (await this.#commit.run((tx) => this.#sweep.slice(tx)));
  }

  watch(watcher: (hint: Hint) => void): void {
    this.#watchers.push(watcher);
  }

  async checkRetention(): Promise<void> {
    // SQLite never evicts data.
  }

  async usage(): Promise<StoreUsage> {
    const { rooms, participants, totals } = this.#context.index;
    const own = rooms.get(CANARY_ROOM);
    return {
      rooms: rooms.size - (own === undefined ? 0 : 1),
      participants: participants - (own?.participants.size ?? 0),
      liveBytes: totals.liveBytes,
      limitBytes: this.#context.limits.maxStoreBytes,
      isFull: isFull(this.#context),
      fileBytes: this.#context.statements.fileBytes.get()?.bytes ?? 0,
    };
  }

  async close(): Promise<void> {
    const written = this.#commit.run(this.#writeBehind.writeAll);
    this.#commit.flush();
    // The next cursors repeat acknowledgements that cannot be written now.
    await written.then(undefined, () => undefined);
    this.#writeBehind.stop();
    this.#database.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
