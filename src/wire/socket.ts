import { z } from 'zod';
import { envelope, isObject, must, text } from './fields.ts';

/** The WebSocket subprotocol of the socket. */
export const SUBPROTOCOL = 'holdline.v1';

/** Bytes of a frame of the client. */
export const MAX_FRAME_BYTES = 4_096;

/** Characters of the `data` of a probe, and of the `padding` of its second echo. */
const MAX_PROBE_CHARACTERS = 64;
export const PROBE_PADDING_CHARACTERS = 2_048;

const FRAMES = {
  hello: envelope({ type: z.literal('hello'), token: z.string(must('text')) }),
  probe: envelope({
    type: z.literal('probe'),
    data: text(0, MAX_PROBE_CHARACTERS).exactOptional(),
  }),
  read: envelope({
    type: z.literal('read'),
    id: text(1, 16).exactOptional(),
    after: z.string(must('text')).exactOptional(),
  }),
  ack: envelope({ type: z.literal('ack'), cursor: z.string(must('text')) }),
};

const types = Object.keys(FRAMES).join(', ');

/** A frame that a client sends: see "The socket" in docs/transports.md. */
export const clientFrame = z.discriminatedUnion('type', [FRAMES.hello, FRAMES.probe, FRAMES.read, FRAMES.ack], {
  error: ({ input }) => {
    if (!isObject(input)) return 'must be an object';
    return 'type' in input ? `must be one of ${types}` : 'is required';
  },
});

export type ClientFrame = z.output<typeof clientFrame>;
