import process from 'node:process';
import { startServer } from './server.ts';

const { DATABASE = 'data/socket-io.db', PORT = '3000' } = process.env;
const server = await startServer(DATABASE, Number(PORT));
console.log(`listening: Socket.IO at ${server.url}, polling at ${server.pollingUrl}`);

async function stop(): Promise<void> {
  await server.close();
  // Acknowledgements that Socket.IO still waits for keep their timers.
  process.exit();
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop());
