/** Arguments of a Chromium that makes no requests of its own. */
export const QUIET = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-sandbox',
] as const;
/**
 * A camera that shows a moving disc, and a microphone that beeps. At 5 frames per second, the fewest allowed: a
 * machine without a GPU spends most of a call's time on encoding and decoding pictures.
 */
export const FAKE_DEVICES = '--use-fake-device-for-media-stream=fps=5';
export const ALLOW_DEVICES = '--use-fake-ui-for-media-stream';
/** Also applies to TURN over TLS and to requests that outlive their page, unlike `ignoreHTTPSErrors`. */
export const TRUST_ALL = '--ignore-certificate-errors';
