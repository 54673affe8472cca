// What React Native 0.72 installs before an app's own code (Libraries/Core/setUpXHR.js): a `fetch` over XMLHttpRequest, without streams
// or `keepalive`, and an `AbortSignal` without `timeout` and `any`.
import 'whatwg-fetch';
import { AbortController, AbortSignal } from 'abort-controller/dist/abort-controller';

Object.assign(globalThis, { AbortController, AbortSignal });
