/** Declares the used parts of peers that have no types. They are installed for a bench run only. */
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
