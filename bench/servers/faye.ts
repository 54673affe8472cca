/** Faye with its in-memory engine, which is its default. */
import { createServer } from 'node:http';
import faye from 'faye';

const http = createServer();
new faye.NodeAdapter({ mount: '/bayeux', timeout: 45 }).attach(http);
http.listen(Number(process.env.PORT), '127.0.0.1');
