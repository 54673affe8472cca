import { describe, expect, test } from '@jest/globals';
import { AT, type Office } from '../../support/networks/office.ts';
import { byProxy, straight, tunnel } from '../../support/networks/road.ts';
import { openWebSocket } from '../../support/networks/web-socket.ts';

/** Asks for one's own address (a STUN Binding request: RFC 8489, sections 5 and 7). */
const SEND_UDP = `
  const socket = require('node:dgram').createSocket('udp4');
  const end = (word) => { process.stdout.write(word); socket.close(); };
  socket.on('error', ({ code }) => end(code)).on('message', () => end('answered'));
  socket.connect(Number(process.argv[2]), process.argv[1], () => socket.send(Buffer.from('000100002112a442' + '00'.repeat(12), 'hex')));
`;

export function describeWayOut(office: () => Office): void {
  const alice = () => office().alice;

  describe('nothing gets out but by the squid', () => {
    test.each(['holdline', 'nginx', 'turn', 'webSocket'] as const)('no connection to %s outside', async (site) => {
      await expect(alice().connect(AT[site])).rejects.toThrow('ECONNREFUSED');
      (await office().premises.internet.connect(AT[site])).destroy();
    });

    test('no UDP to the TURN server', () => {
      expect(alice().run(process.execPath, '-e', SEND_UDP, AT.turn.host, String(AT.turn.port))).toBe('ECONNREFUSED');
      expect(office().premises.internet.run(process.execPath, '-e', SEND_UDP, AT.turn.host, String(AT.turn.port))).toBe(
        'answered',
      );
    });

    test('no connection to the other desk', async () => {
      await expect(alice().connect({ host: '10.77.2.2', port: 80 })).rejects.toThrow('ECONNREFUSED');
    });
  });

  describe('a WebSocket', () => {
    test('opens outside the office', async () => {
      expect(await openWebSocket(straight(office().premises.internet, AT.webSocket))).toBe(101);
    });

    test('is not upgraded by squid, which takes the wish for it off the request', async () => {
      expect(await openWebSocket(byProxy(alice(), AT.squid, AT.webSocket))).toBe(426);
    });

    test('gets no tunnel from squid to another port than 443', async () => {
      const { socket, head } = await tunnel(alice(), AT.squid, AT.webSocket);
      socket.destroy();
      expect(head).toMatch(/^HTTP\/1\.1 403 /);
    });

    test('with TLS on 443 is not upgraded by an nginx that was not told to', async () => {
      expect(await openWebSocket(office().tunnel(alice(), AT.webSocketBehindNginx))).toBe(426);
    });

    test('with TLS on 443 opens where only a haproxy reads it: not every proxy is in its way', async () => {
      expect(await openWebSocket(office().tunnel(alice(), AT.webSocketBehindHaproxy))).toBe(101);
    });
  });
}
