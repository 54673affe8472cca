import { z } from 'zod';

export const health = z
  .object({ status: z.string().meta({ description: '`ok`: the process answers.', example: 'ok' }) })
  .meta({ id: 'Health' });

export const readiness = z
  .object({ status: z.string().meta({ description: '`ready`: messages are stored and delivered.', example: 'ready' }) })
  .meta({ id: 'Readiness' });

export const serviceInfo = z
  .object({
    name: z.string().meta({ example: 'holdline' }),
    version: z.string().meta({ example: '0.1.0' }),
    openapi: z.string().meta({ description: 'Where the description of the interface is.', example: '/openapi.yaml' }),
  })
  .meta({ id: 'ServiceInfo' });

export type Health = z.output<typeof health>;
export type Readiness = z.output<typeof readiness>;
export type ServiceInfo = z.output<typeof serviceInfo>;
