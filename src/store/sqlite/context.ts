import type { Clock } from '../../signalling/clock.ts';
import type { Limits } from '../../signalling/limits.ts';
import type { Telemetry } from '../../signalling/telemetry.ts';
import type { Directory } from './directory.ts';
import type { Statements } from './statements.ts';

/** What every operation of the adapter works with. */
export interface SqliteContext {
  readonly statements: Statements;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly telemetry: Telemetry;
}
