import type { Settings } from '../settings/settings.ts';
import { OPEN_MODE_WARNING, settingWarnings } from '../settings/warnings.ts';
import { createServiceLog, isReadable, type Log } from '../log.ts';
import { createHoldline, type Addresses } from '../service.ts';
import { VERSION } from '../version.ts';
import { EXIT } from './errors.ts';
import { greeting, origin } from './greeting.ts';

/**
 * One Ctrl-C may deliver two signals: one from the terminal and one from `npm start`, which forwards it. Signals within
 * this time count as one key press. After a CPU stall, pending signals are read before this time counts as over.
 */
const SAME_KEY_PRESS_MS = 300;

/**
 * Resolves with the first SIGTERM or SIGINT. Further SIGTERMs have no effect; a second SIGINT ends the process at once.
 */
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

/** Logs an uncaught error and ends the process. Node also raises unhandled rejections as uncaught exceptions. */
function exitOnCrash(log: Log): void {
  process.on('uncaughtException', (error, origin) => {
    log.fatal({ err: error, origin }, 'crashed');
    process.exit(EXIT.failed);
  });
}

/** Runs the server until a signal stops it, then ends the process. */
export async function serve(settings: Settings): Promise<never> {
  const log = createServiceLog(settings);
  exitOnCrash(log);
  const stopped = stopSignal();
  log.debug({ settings }, 'settings');
  const holdline = await createHoldline(settings, { log });
  announce(settings, await holdline.start(), log);
  const signal = await stopped;
  log.info({ signal, drainSeconds: settings.drainSeconds }, 'draining');
  await holdline.close();
  log.info('stopped');
  process.exit(EXIT.done);
}

/** Announces addresses and warnings: as a greeting on a terminal, as log fields otherwise. */
function announce(settings: Settings, addresses: Addresses, log: Log): void {
  const greets = isReadable(settings.logFormat) && log.isLevelEnabled?.('info') !== false;
  if (greets) process.stdout.write(greeting(settings, addresses));
  else {
    const { host, port, adminPort } = addresses;
    const fields = { version: VERSION, host, port, adminPort, store: settings.store.kind };
    log.info(fields, `listening on ${origin(host, port)}`);
  }
  for (const warning of settingWarnings(settings)) if (!(greets && warning === OPEN_MODE_WARNING)) log.warn(warning);
}
