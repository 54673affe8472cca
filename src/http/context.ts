import type { ParticipantId, RoomId } from '../signalling/ids.ts';
import type { RateLimiter } from '../signalling/rate-limiter.ts';
import type { Signalling } from '../signalling/signalling.ts';
import type { Access } from './access/access.ts';
import type { CorsOrigins } from './response/headers.ts';
import { clientAddresses, type ClientAddressOf } from './request/client-address.ts';
import { requestSchemas, type IceServersResult, type RequestSchemas } from '../wire/index.ts';

/** What the edge needs to know of the settings. */
export interface HttpSettings {
  readonly defaultWaitSeconds: number;
  readonly maxWaitSeconds: number;
  readonly maxMessageBytes: number;
  readonly maxMailboxMessages: number;
  readonly defaultTtlSeconds: number;
  readonly maxTtlSeconds: number;
  readonly defaultIdleTimeoutSeconds: number;
  readonly maxIdleTimeoutSeconds: number;
  readonly corsOrigins: CorsOrigins;
  readonly trustProxy: boolean | number | readonly string[];
  readonly demo: 'on' | 'off';
}

/** Logs for people who run the service; never given a body or a token. */
export interface HttpLog {
  debug(fields: object, text: string): void;
  warn(text: string): void;
  error(fields: object, text: string): void;
}

/** What the edge tells about its work, and what those who run the service may ask. */
export interface Observability {
  /** `operation` and `code` come from fixed tables; no code for a success. */
  answered(operation: string, status: number, code: string | undefined, elapsedMs: number): void;
  /** A request was refused by the budget of that name. */
  rateLimited(limit: string): void;
  /** In the text format of Prometheus. */
  metrics(): Promise<string>;
  /** What happened in the room lately; `undefined` when nothing is known of it. */
  trace(roomId: RoomId): string | undefined;
}

/** What every route works with. */
export interface AppContext {
  readonly signalling: Signalling;
  readonly access: Access;
  /** Rate-limit key of a request without a proven subject. */
  readonly clientAddressOf: ClientAddressOf;
  /** Failed authentications, per client address. */
  readonly failures: RateLimiter;
  /** Reads of the roster, per participant. */
  readonly rosterReads: RateLimiter;
  readonly settings: HttpSettings;
  readonly schemas: RequestSchemas;
  /** STUN and TURN servers, with credentials made for the participant. */
  readonly iceServersFor: (participantId: ParticipantId) => IceServersResult;
  readonly log: HttpLog;
  readonly observability: Observability;
  readonly version: string;
  /** From the first signal to stop until the end. */
  readonly isDraining: () => boolean;
}

export const createAppContext = (context: Omit<AppContext, 'schemas' | 'clientAddressOf'>): AppContext => ({
  ...context,
  schemas: requestSchemas(context.settings),
  clientAddressOf: clientAddresses(context.settings.trustProxy, context.log),
});
