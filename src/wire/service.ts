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
        description: '`full` while the store has reached its limit and refuses joins and sends. Absent otherwise.',
        examples: ['full'],
      })
      .exactOptional(),
  })
  .meta({ id: 'Readiness', description: 'The service stores and delivers messages.' });

export const serviceInfo = z
  .object({
    name: z.string().meta({ description: 'Always `holdline`.', examples: ['holdline'] }),
    version: z.string().meta({ description: 'The version of the software.', examples: ['0.1.0'] }),
    docs: z
      .string()
      .meta({ description: 'The path of the reference, where operations can be tried.', examples: ['/docs'] }),
    openapi: z.string().meta({ description: 'The path of the OpenAPI document.', examples: ['/openapi.yaml'] }),
  })
  .meta({ id: 'ServiceInfo', description: 'The name and version of the service.' });

export type Health = z.output<typeof health>;
export type Readiness = z.output<typeof readiness>;
export type ServiceInfo = z.output<typeof serviceInfo>;
