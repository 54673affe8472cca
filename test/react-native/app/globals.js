// What React Native 0.72 installs before an app's own code (Libraries/Core/setUpXHR.js): a `fetch` over XMLHttpRequest, without streams
// or `keepalive`, an `AbortSignal` without `timeout` and `any`, and a `URL` that knows its `href` only.
import 'whatwg-fetch';
import { AbortController, AbortSignal } from 'abort-controller/dist/abort-controller';

class URL {
  constructor(url) {
    this.href = url.endsWith('/') ? url : `${url}/`;
  }
}

for (const name of ['hash', 'host', 'hostname', 'origin', 'pathname', 'port', 'protocol', 'search']) {
  Object.defineProperty(URL.prototype, name, {
    get() {
      throw new Error(`URL.${name} is not implemented`);
    },
  });
}

Object.assign(globalThis, { AbortController, AbortSignal, URL });
