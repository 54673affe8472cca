import { describe, expect, test } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import { newRoom } from '../../support/member.ts';
import type { Daemon } from '../../support/networks/daemon.ts';
import type { Namespace } from '../../support/networks/namespace.ts';
import { AT, type Office } from '../../support/networks/office.ts';

const PEER = fileURLToPath(new URL('../../support/networks/peer-process.ts', import.meta.url));

export function describeNodePeers(office: () => Office): void {
  describe('two peers on Node, when the gateway also lets TCP through to the TURN server', () => {
    test('connect over TURN/TCP, and hear each other', async () => {
      office().premises.let(AT.turn);
      const room = newRoom();
      const callee = start(office().alice, room, 'callee');
      await callee.said(/^waiting$/m);
      const caller = start(office().bob, room, 'caller', 'callee');
      await Promise.all([
        caller.said(/^connected relay tcp$/m),
        callee.said(/^connected relay tcp$/m),
        caller.said(/^heard callee$/m),
        callee.said(/^heard caller$/m),
        caller.said(/^sound$/m),
        callee.said(/^sound$/m),
      ]);
      for (const { output } of [caller, callee]) expect(output).not.toContain('error');
    });
  });

  function start(desk: Namespace, ...args: string[]): Daemon {
    const env = {
      NODE_USE_ENV_PROXY: '1',
      HTTPS_PROXY: `http://${AT.squid.host}:${AT.squid.port}`,
      NODE_EXTRA_CA_CERTS: office().certificatePath,
    };
    return desk.start([process.execPath, PEER, `https://${AT.nginx.host}`, ...args], env);
  }
}
