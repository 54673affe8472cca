import { ConnectionSharing } from './connection-sharing.ts';
import { Http } from './http.ts';
import type { MailboxEvents } from './mailbox-events.ts';
import type { JoinOptions } from './options.ts';
import { Runtime } from './runtime.ts';
import { MailboxStorage } from './storage.ts';

/** The state that all parts of one mailbox share. */
export class MailboxContext extends Runtime {
  readonly options: JoinOptions;
  readonly http: Http;
  readonly storage: MailboxStorage;
  readonly sharing = new ConnectionSharing(this);
  /** Emits an event of the mailbox, once it exists. */
  emit: <Name extends keyof MailboxEvents>(name: Name, event: MailboxEvents[Name]) => void = () => undefined;

  constructor(options: JoinOptions) {
    super(options);
    const { baseUrl = '', roomId, storage, storageKey = `holdline:${baseUrl}:${roomId}` } = options;
    this.options = options;
    this.storage = new MailboxStorage(this, storage, storageKey);
    this.http = new Http(this, this.sharing, baseUrl, roomId);
    this.http.onExchange = (exchange) => this.emit('exchange', exchange);
  }
}
