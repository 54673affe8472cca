import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ExceededLimit } from '../signalling/errors.ts';
import type { ParticipantId, RoomId } from '../signalling/ids.ts';
import type { RateLimiter } from '../signalling/rate-limit.ts';
import type { SocketRequest } from '../signalling/socket-request.ts';
import type { Signalling } from '../signalling/signalling.ts';
import type { Access } from './access/access.ts';
import type { CorsOrigins } from './response/headers.ts';
import { clientAddresses, type ClientAddressOf } from './request/client-address.ts';
import {
  querySchemas,
  requestSchemas,
  type IceServersResult,
  type QuerySchemas,
  type RequestSchemas,
} from '../wire/index.ts';

/** The settings that the HTTP layer depends on. */
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
  readonly socket: 'on' | 'off';
}

/** The log for operators. Never receives a body or a token. */
export interface HttpLog {
  debug(fields: object, text: string): void;
  warn(text: string): void;
  error(fields: object, text: string): void;
}

/** Counts HTTP activity, and answers operators' queries. */
export interface Observability {
  /** Counts a response. `operation` and `code` come from fixed tables; a success has no code. */
  answered(operation: string, status: number, code: string | undefined, elapsedMs: number): void;
  /** Counts a request that exceeded the named rate limit. */
  rateLimited(limit: ExceededLimit['name']): void;
  /** Returns the metrics in Prometheus' text format. */
  metrics(): Promise<string>;
  /** Returns recent events of the room; `undefined` when this process has none. */
  trace(roomId: RoomId): string | undefined;
}

/** The sockets of this process, as far as the route that opens one needs them. */
export interface SocketGate {
  /** @throws SignallingError `too-many-polls` */
  requireRoom(clientAddress: string, isStranger: boolean): void;
  /** Answers the checked upgrade with 101. */
  accept(req: IncomingMessage, socket: Duplex, head: Buffer, request: SocketRequest): void;
}

/** Dependencies of every route: the rules, access control, settings and observability. */
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
  readonly querySchemas: QuerySchemas;
  /** STUN and TURN servers, with credentials made for the participant. */
  readonly iceServersFor: (participantId: ParticipantId) => IceServersResult;
  /** `undefined` with `SOCKET=off`. */
  readonly sockets: SocketGate | undefined;
  readonly log: HttpLog;
  readonly observability: Observability;
  readonly version: string;
  /** True from the first stop signal until the process ends. */
  readonly isDraining: () => boolean;
}

export function createAppContext(given: Omit<AppContext, 'schemas' | 'querySchemas' | 'clientAddressOf'>): AppContext {
  const schemas = requestSchemas(given.settings);
  return {
    ...given,
    schemas,
    querySchemas: querySchemas(schemas),
    clientAddressOf: clientAddresses(given.settings.trustProxy, given.log),
  };
}
