#!/usr/bin/env node
import { loadSettings, readCommandLine, SettingError, settingsHelp, UsageError } from './config.ts';
import type { Settings } from './config.ts';
import { cautions } from './config/cautions.ts';
import { CommandError } from './commands/command-error.ts';
import { errandOf } from './commands/errand.ts';
import { checkRuntime } from './config/runtime.ts';
import { createLog } from './log.ts';
import type { Log } from './log.ts';
import { createHoldline, StoreError } from './service.ts';
import { SUPPORTED_NODE, VERSION } from './version.ts';

const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

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
    process.exit(EXIT.failed);
  });
}

async function serve(settings: Settings): Promise<void> {
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

/** What an operator can put right: one line instead of a stack. Undefined for everything else. */
function plainWords(error: unknown): string | undefined {
  if ([SettingError, StoreError, CommandError].some((known) => error instanceof known)) return (error as Error).message;
  const listening =
    error instanceof Error && 'syscall' in error && ['listen', 'getaddrinfo'].includes(String(error.syscall));
  return listening ? `cannot listen: ${error.message}` : undefined;
}

const isHelp = (word: string): boolean => word === '--help' || word === '-h';

async function run(argv: readonly string[]): Promise<void> {
  const errand = argv.some(isHelp) ? undefined : errandOf(argv);
  if (errand !== undefined) {
    checkRuntime(process.versions.node, SUPPORTED_NODE);
    const settings = loadSettings({ env: process.env, argv: errand.flags });
    process.stdout.write(await errand.run(settings, errand.operand));
    return;
  }
  const { help, version } = readCommandLine(argv);
  if (help) process.stdout.write(settingsHelp());
  else if (version) process.stdout.write(`${VERSION}\n`);
  else {
    checkRuntime(process.versions.node, SUPPORTED_NODE);
    await serve(loadSettings({ env: process.env, argv }));
    process.exit(EXIT.done);
  }
}

try {
  await run(process.argv.slice(2));
} catch (error) {
  const words = plainWords(error);
  if (words === undefined) throw error;
  process.stderr.write(`holdline: ${words.replace(/\s*\n\s*/g, ' ')}\n`);
  process.exit(error instanceof UsageError ? EXIT.usage : EXIT.failed);
}
