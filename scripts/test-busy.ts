/**
 * `npm run test:busy -- --help`: runs the tests while busy loops compete with them for the processor. A test that
 * passes alone but fails here depends on the pace of the machine.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import manifest from '../package.json' with { type: 'json' };

const BUSY_LOOPS = 2;
/** Ends by itself when this process is gone, even by SIGKILL. */
const BUSY_LOOP = `while (process.ppid === ${process.pid});`;

const USAGE = `Usage: npm run test:busy -- [--times N] [arguments for Jest]

Runs the tests while ${BUSY_LOOPS} busy loops compete with them for the processor.

  --times N   Repeats the run up to N times (default 1), and stops after the first run that fails.
  --help      Prints this text.

All other arguments go to Jest:

  npm run test:busy                                           the whole suite, once
  npm run test:busy -- --times 10 test/networks test/faults   some of the files, ten times
`;

interface Options {
  readonly times: number;
  readonly help: boolean;
  readonly jestArguments: readonly string[];
}

/** Parses the options of this script. Jest parses the rest. */
function parseOptions(words: readonly string[]): Options {
  const jestArguments: string[] = [];
  let [times, help] = ['1', false];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    if (word === '--help') help = true;
    else if (word === '--times') times = words[(index += 1)] ?? '';
    else if (word.startsWith('--times=')) times = word.slice('--times='.length);
    else jestArguments.push(word);
  }
  if (!/^[1-9]\d*$/.test(times)) {
    console.error(`--times must be a whole number, at least 1, not "${times}"`);
    process.exit(2);
  }
  return { times: Number(times), help, jestArguments };
}

const children = new Set<ChildProcess>();

/**
 * Runs in this session: a scheduler that shares the processor between sessions must not give the tests a share of their
 * own.
 */
function start(command: string, args: readonly string[]): ChildProcess {
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

function endChildren(): void {
  for (const child of children) child.kill();
}

/** Runs `npm test` without npm, so that signals reach Jest, which ends its workers. */
async function runTests(jestArguments: readonly string[]): Promise<boolean> {
  const child = start('sh', ['-c', `exec ${manifest.scripts.test} "$@"`, 'sh', ...jestArguments]);
  const [status] = (await once(child, 'exit')) as [number | null];
  return status === 0;
}

/** @returns the number of runs that passed before the first failure */
async function runUntilFailure({ times, jestArguments }: Options): Promise<number> {
  for (let passed = 0; passed < times; passed += 1) {
    console.log(`\n== run ${passed + 1} of ${times}, beside ${BUSY_LOOPS} busy loops`);
    if (!(await runTests(jestArguments))) return passed;
  }
  return times;
}

async function main(options: Options): Promise<void> {
  process.once('exit', endChildren);
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));
  for (let loop = 0; loop < BUSY_LOOPS; loop += 1) start(process.execPath, ['-e', BUSY_LOOP]);
  const passed = await runUntilFailure(options);
  const isClean = passed === options.times;
  console.log(`\ntest:busy: ${passed} of ${options.times} runs passed${isClean ? '' : `, run ${passed + 1} failed`}`);
  process.exit(isClean ? 0 : 1);
}

const options = parseOptions(process.argv.slice(2));
if (options.help) console.log(USAGE);
else await main(options);
