import { randomUUID } from 'node:crypto';
import type { RedisDeployment } from './redis-server.ts';

/** The URL of a store that is separate from all others. */
export const urlOf = ({ url }: Pick<RedisDeployment, 'url'>, prefix: string): string => `${url}/?prefix=${prefix}`;

export const newPrefix = (): string => `test-${randomUUID()}`;
