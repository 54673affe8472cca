import type { Settings } from '../config.ts';
import { cautions } from '../config/cautions.ts';
import { createLog, type Log } from '../log.ts';
import { createHoldline } from '../service.ts';
import { VERSION } from '../version.ts';

const EXIT = { crashed: 1, interrupted: 130 } as const;

/**
 * One Ctrl-C may arrive twice, from the terminal and from `npm start`, which passes it on; no second key press is so fast. Signals that
 * arrived while the process got no CPU are read before this time counts as over.
 */
const SAME_KEY_PRESS_MS = 300;

/** The first SIGTERM or SIGINT. Further SIGTERMs change nothing; a second SIGINT ends the process at once. */
function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let interrupts: 'none' | 'one key press' | 'over' = 'none';
    process.on('SIGTERM', resolve);
    process.on('SIGINT', (signal) => {
      if (interrupts === 'over') process.exit(EXIT.interrupted);
      if (interrupts === 'none') setTimeout(() => setImmediate(() => (interrupts = 'over')), SAME_KEY_PRESS_MS);
      interrupts = 'one key press';
      resolve(signal);
    });
  });
}

/** Also reached by a rejection that nobody handles: Node raises it as an uncaught exception. */
function endOnCrash(log: Log): void {
  process.on('uncaughtException', (error, origin) => {
    log.fatal({ err: error, origin }, 'crashed');
    process.exit(EXIT.crashed);
  });
}

/** Runs the server until a signal stops it. */
export async function serve(settings: Settings): Promise<void> {
  const log = createLog(settings.logLevel);
  endOnCrash(log);
  const stopped = stopSignal();
  log.debug({ settings }, 'settings');
  const holdline = await createHoldline(settings, { log });
  const { host, port, adminPort } = await holdline.start();
  const address = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  log.info({ version: VERSION, host, port, adminPort, store: settings.store.kind }, `listening on ${address}`);
  for (const caution of cautions(settings)) log.warn(caution);
  const signal = await stopped;
  log.info({ signal, drainSeconds: settings.drainSeconds }, 'draining');
  await holdline.close();
  log.info('stopped');
}
