import { administrationOperations } from './administration.ts';
import { messageOperations } from './messages.ts';
import { roomOperations } from './rooms.ts';
import type { Operation } from './row.ts';
import { serviceOperations } from './service.ts';

/** All that can be called. A row here is a route, its documentation, and a handler that the compiler demands. */
export const OPERATIONS = {
  ...roomOperations,
  ...messageOperations,
  ...administrationOperations,
  ...serviceOperations,
} as const satisfies Record<string, Operation>;

export type OperationId = keyof typeof OPERATIONS;

/** The rows with their ids, in the order of the table. */
export function operationRows(): [OperationId, Operation][] {
  return Object.entries(OPERATIONS) as [OperationId, Operation][];
}

export type { Operation, Security } from './row.ts';
