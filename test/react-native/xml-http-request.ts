/** The part of XMLHttpRequest that whatwg-fetch uses, as React Native has it: answers come as text, and all at once. */
export class TextRequest {
  readonly #abort = new AbortController();
  readonly #headers: Record<string, string> = {};
  #method = 'GET';
  #url = '';
  #answer: Headers | undefined;
  status = 0;
  statusText = '';
  responseText = '';
  onload = (): void => undefined;
  onerror = (): void => undefined;
  onabort = (): void => undefined;
  onreadystatechange = (): void => undefined;

  open(method: string, url: string): void {
    this.#method = method;
    this.#url = url;
  }

  setRequestHeader(name: string, value: string): void {
    this.#headers[name] = value;
  }

  getAllResponseHeaders(): string {
    return [...(this.#answer ?? [])].map(([name, value]) => `${name}: ${value}\r\n`).join('');
  }

  send(body?: string): void {
    void this.#send(body ?? null);
  }

  abort(): void {
    this.#abort.abort();
  }

  async #send(body: string | null): Promise<void> {
    try {
      const init = { method: this.#method, headers: this.#headers, body, signal: this.#abort.signal };
      const answer = await fetch(this.#url, init);
      this.responseText = await answer.text();
      this.#answer = answer.headers;
      this.status = answer.status;
      this.statusText = answer.statusText;
      this.onload();
    } catch {
      if (this.#abort.signal.aborted) this.onabort();
      else this.onerror();
    }
  }
}
