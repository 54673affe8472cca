import type { RawData } from 'ws';
import { HEARTBEAT_MS } from '../signalling/reading.ts';
import { clientFrame, faultsOf, PROBE_PADDING_CHARACTERS, type ClientFrame, type Fault } from '../wire/index.ts';

// Frames are written as text, so that each payload is relayed byte for byte.

export const WELCOME = `{"type":"welcome","heartbeatSeconds":${HEARTBEAT_MS / 1_000}}`;

/** @param batch JSON text */
export const batchFrame = (id: string | undefined, batch: string): string =>
  `{"type":"batch",${id === undefined ? '' : `"id":${JSON.stringify(id)},`}"batch":${batch}}`;

/** @param problem JSON text */
export const problemFrame = (problem: string): string => `{"type":"problem","problem":${problem}}`;

export const echoFrame = (data: string | undefined): string => JSON.stringify({ type: 'probe', data });

const PADDING = '.'.repeat(PROBE_PADDING_CHARACTERS);

/** Long enough that a proxy which inspects or collects the first bytes shows what it does with them. */
export const paddedEchoFrame = (data: string | undefined): string =>
  JSON.stringify({ type: 'probe', data, padding: PADDING });

/** @returns the faults of a frame that cannot be read */
export function parseFrame(data: RawData, isBinary: boolean): ClientFrame | readonly Fault[] {
  if (isBinary) return [{ pointer: '/frame', detail: 'must be text, not binary' }];
  let json: unknown;
  try {
    // The server asks for whole buffers (`binaryType`), whose text `ws` has checked to be UTF-8.
    json = JSON.parse((data as Buffer).toString());
  } catch {
    return [{ pointer: '/frame', detail: 'is not JSON' }];
  }
  const parsed = clientFrame.safeParse(json);
  return parsed.success ? parsed.data : [...faultsOf(parsed.error, 'frame')];
}
