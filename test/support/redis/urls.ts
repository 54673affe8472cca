import { randomUUID } from 'node:crypto';
import type { RedisDeployment } from './redis-server.ts';

/** Where a store has nothing to do with any other one. */
export const urlOf = ({ url }: Pick<RedisDeployment, 'url'>, prefix: string): string => `${url}/?prefix=${prefix}`;

export const newPrefix = (): string => `test-${randomUUID()}`;
