/** socket.io, polling only: a relay between sockets. */
import { createServer } from 'node:http';
import { Server } from 'socket.io';

const http = createServer();
const io = new Server(http, { transports: ['polling'], serveClient: false });

io.on('connection', (socket) => {
  socket.on('message', (message) => {
    io.to(message.to).emit('message', message);
  });
});

http.listen(Number(process.env.PORT), '127.0.0.1');
