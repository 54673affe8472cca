/** One run, in a process of its own. Its result goes to standard output as JSON. */
import { callsOn } from './calls.ts';
import { presenceOn } from './presence.ts';
import type { ScalingOrder } from './results.ts';

const order = JSON.parse(process.argv[2] ?? '') as ScalingOrder;
const result = await (order.what === 'calls' ? callsOn(order) : presenceOn(order));
console.log(JSON.stringify(result));
