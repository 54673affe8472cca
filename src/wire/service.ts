import { z } from 'zod';

export const health = z
  .object({ status: z.string().meta({ description: '`ok`: the process answers.', examples: ['ok'] }) })
  .meta({ id: 'Health', description: 'The process is alive.' });

export const readiness = z
  .object({
    status: z.string().meta({ description: '`ready`: messages are stored and delivered.', examples: ['ready'] }),
    store: z
      .string()
      .meta({
        description: '`full` while the store is at its limit and refuses joins and sends; absent otherwise.',
        examples: ['full'],
      })
      .exactOptional(),
  })
  .meta({ id: 'Readiness', description: 'The service does its work.' });

export const serviceInfo = z
  .object({
    name: z.string().meta({ description: 'Always `holdline`.', examples: ['holdline'] }),
    version: z.string().meta({ description: 'Of the software that runs.', examples: ['0.1.0'] }),
    docs: z.string().meta({ description: 'The same, to read and to try.', examples: ['/docs'] }),
    openapi: z
      .string()
      .meta({ description: 'Where the description of the interface is.', examples: ['/openapi.yaml'] }),
  })
  .meta({ id: 'ServiceInfo', description: 'What runs here.' });

export type Health = z.output<typeof health>;
export type Readiness = z.output<typeof readiness>;
export type ServiceInfo = z.output<typeof serviceInfo>;
