/** A socket whose other end the test plays. */
export class FakeSocket {
  static readonly opened: FakeSocket[] = [];
  readonly url: string;
  readonly protocol: string;
  readonly sent: string[] = [];
  isClosed = false;
  onopen: ((event: Event) => unknown) | null = null;
  onmessage: ((event: MessageEvent) => unknown) | null = null;
  onerror: ((event: Event) => unknown) | null = null;
  onclose: ((event: Event) => unknown) | null = null;

  constructor(url: string, protocol: string) {
    this.url = url;
    this.protocol = protocol;
    FakeSocket.opened.push(this);
  }

  send(text: string): void {
    this.sent.push(text);
  }

  close(): void {
    this.isClosed = true;
  }
}
