import type { Cuttable, HttpClient, Method } from './http-client.ts';
import type { Reply } from './reply.ts';

export interface JsonRequest {
  readonly token?: string;
  readonly body?: object;
  readonly idempotencyKey?: string;
}

export interface JsonReply {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** A request of Holdline's API, its response parsed. Rejects only when the connection breaks. */
export async function requestJson(
  http: HttpClient,
  method: Method,
  path: string,
  request: JsonRequest = {},
): Promise<JsonReply> {
  return parsed(await http.request(method, path, headersOf(request), textOf(request)));
}

/** A poll that its caller may cut off. */
export function cuttablePoll(http: HttpClient, path: string, token: string): Cuttable {
  return http.cuttable('GET', path, headersOf({ token }));
}

export function headersOf({ token, body, idempotencyKey }: JsonRequest): string {
  return [
    ...(body === undefined ? [] : ['Content-Type: application/json\r\n']),
    ...(token === undefined ? [] : [`Authorization: Bearer ${token}\r\n`]),
    ...(idempotencyKey === undefined ? [] : [`Idempotency-Key: ${idempotencyKey}\r\n`]),
  ].join('');
}

const textOf = ({ body }: JsonRequest): string | undefined => (body === undefined ? undefined : JSON.stringify(body));

function parsed({ status, body }: Reply): JsonReply {
  return { status, body: body === '' ? {} : (JSON.parse(body) as Record<string, unknown>) };
}
