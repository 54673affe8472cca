/**
 * Declares the parts of the peers that the servers here use. Peers are installed for a bench run only, and some have no
 * types.
 */
declare module 'engine.io' {
  import type { Server as HttpServer } from 'node:http';

  export interface Socket {
    id: string;
    on(event: 'close', listener: () => void): void;
    on(event: 'message', listener: (text: string) => void): void;
    send(text: string): void;
  }
  export class Server {
    constructor(options: { transports: readonly string[] });
    on(event: 'connection', listener: (socket: Socket) => void): void;
    attach(server: HttpServer): void;
  }
}

declare module 'socket.io' {
  import type { Server as HttpServer } from 'node:http';

  export interface Socket {
    on(event: 'message', listener: (message: { to: string }) => void): void;
  }
  export class Server {
    constructor(server: HttpServer, options: { transports: readonly string[]; serveClient: boolean });
    on(event: 'connection', listener: (socket: Socket) => void): void;
    to(id: string): { emit(event: 'message', message: { to: string }): void };
  }
}

declare module 'faye' {
  import type { Server } from 'node:http';

  class NodeAdapter {
    constructor(options: { mount: string; timeout: number });
    attach(server: Server): void;
  }
  export default { NodeAdapter };
}

declare module 'sockjs' {
  import type { Server } from 'node:http';

  export interface Connection {
    /** The path of the request that opened the session. */
    url: string;
    on(event: 'data', listener: (text: string) => void): void;
    on(event: 'close', listener: () => void): void;
    write(text: string): boolean;
  }
  export interface SockJsServer {
    on(event: 'connection', listener: (connection: Connection) => void): void;
    installHandlers(server: Server, options: { prefix: string }): void;
  }
  export interface Options {
    websocket: boolean;
    log: (severity: string, text: string) => void;
  }
  const sockjs: { createServer(options: Options): SockJsServer };
  export default sockjs;
}
