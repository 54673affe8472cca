import { z } from 'zod';
import { quoted } from './fields.ts';
import { cursor } from './ids.ts';
import { PROBLEM_CODES } from './problem-codes.ts';

const codes = quoted(Object.keys(PROBLEM_CODES));

export const fault = z
  .object({
    pointer: z.string().meta({
      description: 'Where: a JSON Pointer (RFC 6901) that starts with `/body`, `/query`, `/path` or `/header`.',
      examples: ['/body/payload/sdp'],
    }),
    detail: z.string().meta({ description: 'What is wrong there.', examples: ['must start with "v=0"'] }),
  })
  .meta({ id: 'Fault', description: 'One thing that is wrong with the input.' });

export const problem = z
  .object({
    type: z.string().meta({
      description: 'A page that explains the code, relative to the service: `/problems/<code>`.',
      examples: ['/problems/invalid-request'],
    }),
    title: z.string().meta({
      description: 'The code in words; the same for every occurrence.',
      examples: ['The request is not valid'],
    }),
    status: z
      .int()
      .min(400)
      .max(599)
      .meta({ description: 'The HTTP status.', examples: [400] }),
    detail: z.string().meta({ description: 'What happened, for people.', examples: ['The body has 1 fault.'] }),
    code: z.string().meta({
      description: `What happened, for programs: ${codes}. More may come: go by \`status\` and \`retryable\` then.`,
      examples: ['invalid-request'],
    }),
    retryable: z.boolean().meta({
      description: 'True: the unchanged request may succeed later. False: it never will.',
      examples: [false],
    }),
    requestId: z.string().meta({
      description: 'The same as the header `X-Request-Id`; the key into the log of the server.',
      examples: ['6c9fecd4-0fc1-41a1-9146-2021ab39bdf2'],
    }),
    errors: z.array(fault).meta({ description: 'The faults of an invalid input, at most 64.' }).exactOptional(),
    reason: z
      .string()
      .meta({
        description: 'Of `participant-gone`: `left`, `timeout`, `replaced` or `removed`. More may come.',
        examples: ['timeout'],
      })
      .exactOptional(),
    resetCursor: cursor
      .meta({ description: 'Of `cursor-expired`: the acknowledged position; continue with it as `after`.' })
      .exactOptional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details: what went wrong, and what to do about it.' });

export type Problem = z.output<typeof problem>;
export type Fault = z.output<typeof fault>;
