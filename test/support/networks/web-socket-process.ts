import { createHash } from 'node:crypto';
import { createServer } from 'node:http';

/** A minimal WebSocket server for network tests: upgrades every request (RFC 6455, section 4.2), and echoes. */
const [, , port] = process.argv;

/** RFC 6455, section 1.3. */
const acceptOf = (key: string): string =>
  createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');

createServer((_req, res) => res.writeHead(426, { Upgrade: 'websocket', Connection: 'Upgrade' }).end())
  .on('upgrade', ({ headers }, socket) => {
    const accept = acceptOf(String(headers['sec-websocket-key']));
    const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
    socket.write(`${lines.join('\r\n')}\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
    socket.on('error', () => socket.destroy());
    socket.pipe(socket);
  })
  .listen(Number(port), () => process.stdout.write('listening\n'));
