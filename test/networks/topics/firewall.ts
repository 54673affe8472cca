import { describe, expect, test } from '@jest/globals';
import { ENDPOINTS, type CorporateProxyNetwork } from '../../support/networks/corporate-proxy-network.ts';
import { viaProxy, direct, tunnel } from '../../support/networks/http-route.ts';
import { openWebSocket } from '../../support/networks/web-socket.ts';

/** Sends a STUN Binding request, which asks for the sender's address (RFC 8489, sections 5 and 7). */
const SEND_UDP = `
  const socket = require('node:dgram').createSocket('udp4');
  const end = (word) => { process.stdout.write(word); socket.close(); };
  socket.on('error', ({ code }) => end(code)).on('message', () => end('answered'));
  socket.connect(Number(process.argv[2]), process.argv[1], () => socket.send(Buffer.from('000100002112a442' + '00'.repeat(12), 'hex')));
`;

export function describeFirewall(network: () => CorporateProxyNetwork): void {
  const alice = () => network().alice;

  describe('the only way out is squid', () => {
    test.each(['holdline', 'nginx', 'turn', 'webSocket'] as const)(
      'there is no connection to %s outside',
      async (site) => {
        await expect(alice().connect(ENDPOINTS[site])).rejects.toThrow('ECONNREFUSED');
        (await network().machines.internet.connect(ENDPOINTS[site])).destroy();
      },
    );

    test('there is no UDP to the TURN server', () => {
      expect(alice().run(process.execPath, '-e', SEND_UDP, ENDPOINTS.turn.host, String(ENDPOINTS.turn.port))).toBe(
        'ECONNREFUSED',
      );
      expect(
        network().machines.internet.run(
          process.execPath,
          '-e',
          SEND_UDP,
          ENDPOINTS.turn.host,
          String(ENDPOINTS.turn.port),
        ),
      ).toBe('answered');
    });

    test('there is no connection to the other client', async () => {
      await expect(alice().connect({ host: '10.77.2.2', port: 80 })).rejects.toThrow('ECONNREFUSED');
    });
  });

  describe('a WebSocket', () => {
    test('opens outside the corporate network', async () => {
      expect(await openWebSocket(direct(network().machines.internet, ENDPOINTS.webSocket))).toBe(101);
    });

    test('is not upgraded by squid, which removes the Upgrade header', async () => {
      expect(await openWebSocket(viaProxy(alice(), ENDPOINTS.squid, ENDPOINTS.webSocket))).toBe(426);
    });

    test('gets no tunnel from squid to another port than 443', async () => {
      const { socket, head } = await tunnel(alice(), ENDPOINTS.squid, ENDPOINTS.webSocket);
      socket.destroy();
      expect(head).toMatch(/^HTTP\/1\.1 403 /);
    });

    test('with TLS on 443 is not upgraded by an nginx that is not configured for it', async () => {
      expect(await openWebSocket(network().tunnel(alice(), ENDPOINTS.webSocketBehindNginx))).toBe(426);
    });

    test('with TLS on 443 opens through a haproxy with its defaults', async () => {
      expect(await openWebSocket(network().tunnel(alice(), ENDPOINTS.webSocketBehindHaproxy))).toBe(101);
    });
  });
}
