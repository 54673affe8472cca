import { messageOperations } from './messages.ts';
import type { Operation } from './operation.ts';
import { roomOperations } from './rooms.ts';
import { serviceOperations } from './service.ts';

/**
 * Table of all operations. Each row defines a route, its documentation, and a handler that the compiler requires.
 * Messages come first, since Express tries routes in this order and nearly every request is about messages.
 */
export const OPERATIONS = {
  ...messageOperations,
  ...roomOperations,
  ...serviceOperations,
} as const satisfies Record<string, Operation>;

export type OperationId = keyof typeof OPERATIONS;

/** The rows with their ids, in the order of the table. */
export function operationRows(): [OperationId, Operation][] {
  return Object.entries(OPERATIONS) as [OperationId, Operation][];
}

/** The rows that the OpenAPI document describes. */
export const describedRows = (): [OperationId, Operation][] =>
  operationRows().filter(([, { isSocket }]) => isSocket !== true);

export type { Audience, Body, Operation, Security } from './operation.ts';
