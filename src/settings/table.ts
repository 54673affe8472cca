import { edgeRows } from './table/edge.ts';
import { roomRows } from './table/rooms.ts';
import { serviceRows } from './table/service.ts';

/** Every setting of the service, in the order in which people read about them. */
export const table = { ...serviceRows, ...roomRows, ...edgeRows };
