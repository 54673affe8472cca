import { afterAll, expect, test } from '@jest/globals';
import { countSwitches } from '../../bench/switches/count.ts';
import { closeServices, startService } from '../support/holdline.ts';
import { newRoom } from '../support/member.ts';

afterAll(closeServices);

// `npm run switches` counts 10,000.
test('a reader that changes 300 times between poll and socket gets every message once and in order', async () => {
  const { port } = await startService({ rateLimit: 'off' });
  const counts = await Promise.all([newRoom(), newRoom(), newRoom()].map((room) => countSwitches(port, room, 100)));
  for (const { switches, messages, ...faults } of counts) {
    expect([switches >= 100, messages > 0]).toEqual([true, true]);
    expect(faults).toEqual({
      ...{ lost: 0, doubled: 0, reordered: 0, expired: 0, errors: [] },
      copies: expect.any(Number),
    });
  }
});
