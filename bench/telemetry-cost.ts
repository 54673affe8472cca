/**
 * Measures the CPU time of metrics and traces per message, and the memory of a full trace:
 * `node bench/telemetry-cost.ts`. A message is a send, a held poll and its end.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { combine, withoutReservedRooms } from '../src/observability/combine.ts';
import { Metrics } from '../src/observability/metrics/metrics.ts';
import { systemClock } from '../src/signalling/clock.ts';
import { newMailboxId, newMessageId, randomText, type ParticipantId, type RoomId } from '../src/signalling/ids.ts';
import { SILENT, type Telemetry } from '../src/signalling/telemetry.ts';
import { Trace } from '../src/observability/trace/trace.ts';

const ROOMS = 1_000;
const MESSAGES = 500_000;
const ROUNDS = 5;
const MAX_TRACE_ROWS = 40_000;

const rooms = Array.from({ length: ROOMS }, (_, index) => {
  const roomId = `room-${index}` as RoomId;
  const member = (name: string) => ({ roomId, participantId: name as ParticipantId, mailboxId: newMailboxId() });
  return { alice: member('alice'), bob: member('bob') };
});
const ids = Array.from({ length: 4_096 }, () => newMessageId(Date.now()));
/** Rises over all rounds: a message at an earlier position would count as a repeated delivery. */
let position = 0;

/** @returns nanoseconds per message */
function run(telemetry: Telemetry, metrics: Metrics | undefined): number {
  const before = process.cpuUsage();
  for (let index = 0; index < MESSAGES; index += 1) {
    const pair = rooms[index % ROOMS];
    const id = ids[index % ids.length];
    if (pair === undefined || id === undefined) continue;
    const { alice, bob } = pair;
    position += 1;
    telemetry.acknowledged(bob, position - ROOMS);
    telemetry.pollHeld(bob);
    const recipients = [{ participantId: bob.participantId, listening: true }];
    telemetry.sent(alice, [{ id, type: 'candidate', ttlMs: 1 }], [{ id, sentAtMs: 0, recipients }]);
    const received = { id, position, sender: alice.participantId, type: 'candidate', sentAtMs: 0, ageMs: index % 20 };
    telemetry.pollEnded(bob, { end: 'message', heldMs: 3, messages: [received], expired: 0 });
    // A message takes two requests. At a moderate load, three operations share a commit.
    metrics?.answered('sendMessage', 201, undefined, 1);
    metrics?.answered('pollMessages', 200, undefined, 3);
    if (index % 3 === 0) telemetry.committed(3, 0.1);
  }
  const { user, system } = process.cpuUsage(before);
  return ((user + system) / MESSAGES) * 1e3;
}

function best(make: () => { telemetry: Telemetry; metrics?: Metrics }): string {
  const { telemetry, metrics } = make();
  const rounds = Array.from({ length: ROUNDS }, () => run(telemetry, metrics));
  return `${Math.min(...rounds).toFixed(0)} ns per message`;
}

console.log(
  'no telemetry     ',
  best(() => ({ telemetry: SILENT })),
);
console.log(
  'metrics          ',
  best(() => withMetrics((metrics) => metrics)),
);
console.log(
  'traces           ',
  best(() => ({ telemetry: new Trace(systemClock()) })),
);
console.log(
  'metrics and trace',
  best(() => withMetrics((metrics) => withoutReservedRooms(combine(metrics, new Trace(systemClock()))))),
);

/** All names have 64 characters and are used once, which takes the most memory. */
function traceBytes(): number {
  const fill = (trace: Trace): Trace => {
    for (let index = 0; index < 2 * MAX_TRACE_ROWS; index += 1) {
      const [roomId, participantId] = [randomText(48) as RoomId, randomText(48) as ParticipantId];
      trace.joined({ roomId, participantId, mailboxId: newMailboxId() }, false);
    }
    return trace;
  };
  const clock = systemClock();
  const traces = [fill(new Trace(clock))];
  const before = usedBytes();
  traces.push(fill(new Trace(clock)));
  const bytes = usedBytes() - before;
  // The collector takes what is used no more.
  if (traces.some((trace) => trace.text('unknown' as RoomId, []) !== undefined)) throw new Error('not full of joins');
  return bytes;
}

function usedBytes(): number {
  // The first collection frees buffers only after it.
  for (let round = 0; round < 2; round += 1) collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
console.log('a full trace      %d bytes', traceBytes());

function withMetrics(make: (metrics: Metrics) => Telemetry): { telemetry: Telemetry; metrics: Metrics } {
  const metrics = new Metrics();
  return { telemetry: make(metrics), metrics };
}
