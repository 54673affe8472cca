import { describe, expect, test } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import { newRoom } from '../../support/member.ts';
import type { Daemon } from '../../support/networks/daemon.ts';
import type { Endpoint, Namespace } from '../../support/networks/namespace.ts';
import { ENDPOINTS, type CorporateProxyNetwork } from '../../support/networks/corporate-proxy-network.ts';

const PEER = fileURLToPath(new URL('../../support/networks/peer-process.ts', import.meta.url));

export function describeNodePeers(network: () => CorporateProxyNetwork): void {
  describe('two peers on Node, when the gateway also lets TCP through to the TURN server', () => {
    test('connect over TURN/TCP, and hear each other; one reads by a socket, which nginx denies the other', async () => {
      network().machines.allow(ENDPOINTS.turn);
      const room = newRoom();
      const callee = start(network().alice, ENDPOINTS.haproxy, room, 'callee');
      await callee.untilPrinted(/^waiting$/m);
      const caller = start(network().bob, ENDPOINTS.nginx, room, 'caller', 'callee');
      await Promise.all([
        caller.untilPrinted(/^connected relay tcp$/m),
        callee.untilPrinted(/^connected relay tcp$/m),
        caller.untilPrinted(/^heard callee$/m),
        callee.untilPrinted(/^heard caller$/m),
        caller.untilPrinted(/^sound$/m),
        callee.untilPrinted(/^sound$/m),
        callee.untilPrinted(/^reads by socket$/m),
      ]);
      expect(caller.output).not.toContain('reads by');
      for (const { output } of [caller, callee]) expect(output).not.toContain('error');
    });
  });

  function start(machine: Namespace, { host }: Endpoint, ...args: string[]): Daemon {
    const env = {
      NODE_USE_ENV_PROXY: '1',
      HTTPS_PROXY: `http://${ENDPOINTS.squid.host}:${ENDPOINTS.squid.port}`,
      NODE_EXTRA_CA_CERTS: network().certificatePath,
    };
    return machine.start([process.execPath, PEER, `https://${host}`, ...args], env);
  }
}
