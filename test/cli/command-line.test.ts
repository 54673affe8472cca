import { afterEach, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { Command, killAll } from '../support/command.ts';

afterEach(killAll);

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** Simulates Node 20: its version, and failing imports of the dependencies of the server. */
const onAnOlderNode = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  Object.defineProperty(process.versions, 'node', { value: '20.20.2' });
  registerHooks({
    resolve(specifier, context, next) {
      if (/express|better-sqlite3|pino/.test(specifier)) throw new SyntaxError('this Node cannot load ' + specifier);
      return next(specifier, context);
    },
  });`)}`;

describe('the holdline command', () => {
  test.each(['--version', '-v'])('prints its version for %s', async (flag) => {
    expect(await new Command([flag]).ended).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  test.each([[['--help']], [['-h']], [['help']], [['help', 'nonsense']], [['--nonsense', '--help']]])(
    'prints its settings and commands for %j',
    async (args) => {
      expect(await new Command(args).ended).toEqual({
        code: 0,
        stdout: expect.stringMatching(/^Usage: holdline .*--port .*backup <FILE> .*trace <ROOM> .*help /s),
        stderr: '',
      });
    },
  );

  test.each([[['help', 'trace']], [['trace', '--help']], [['trace', 'room', '-h']]])(
    'prints the usage of a command for %j',
    async (args) => {
      expect(await new Command(args).ended).toEqual({
        code: 0,
        stdout: expect.stringMatching(/^Usage: holdline trace \[options\] <ROOM>\n.*ADMIN_PORT/s),
        stderr: '',
      });
    },
  );

  const COMMANDS = 'The commands are backup, trace and help; without one, the server starts. See --help';
  test.each([
    [['serve'], `unknown command "serve". ${COMMANDS}`],
    [['bakcup', 'copy.db'], `unknown command "bakcup". Did you mean backup? ${COMMANDS}`],
    [['hlep'], `unknown command "hlep". Did you mean help? ${COMMANDS}`],
    [['version'], `unknown command "version". Did you mean --version? ${COMMANDS}`],
    [['trace'], "missing required argument 'ROOM'; see --help"],
    [['backup', 'a', 'b'], 'unexpected argument after backup; see holdline backup --help'],
    [
      ['backup', '--TURN_SECRET=hunter2', 'copy.db'],
      'TURN_SECRET is a secret and has no flag, because other users can read command lines: set it, or TURN_SECRET_FILE, in the environment',
    ],
    [
      ['--port', '80', 'stray'],
      'unexpected argument; each flag takes one value, and the commands are backup, trace and help; see --help',
    ],
  ])('ends with 2 and one line for the words %j', async (words, line) => {
    expect(await new Command(words).ended).toEqual({ code: 2, stdout: '', stderr: `holdline: ${line}\n` });
  });

  test.each([
    ['MAX_WAIT_SECONDS', 'abc', 'MAX_WAIT_SECONDS "abc" cannot be used: allowed is a whole number from 1 to 300'],
    [
      'ACCESS_TOKEN_SECRET',
      'hunter2',
      'ACCESS_TOKEN_SECRET (value not shown) cannot be used: allowed is text of at least 32 bytes, no placeholder such as changeme',
    ],
  ])('ends with 1 and one line for an invalid %s', async (name, text, line) => {
    expect(await new Command([], { env: { [name]: text } }).ended).toEqual({
      code: 1,
      stdout: '',
      stderr: `holdline: ${line}\n`,
    });
  });

  test('ends with 1 and one line for an invalid value of a flag', async () => {
    const { code, stderr } = await new Command(['--port', 'http']).ended;
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'holdline: --port "http" cannot be used: allowed is a whole number from 0 to 65535\n',
    });
  });

  test('ends with 2 and one line for an unknown flag', async () => {
    const { code, stderr } = await new Command(['--prot', '80']).ended;
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: 'holdline: unknown flag "--prot"; did you mean --port? See --help\n',
    });
  });

  test.each([[[]], [['--help']], [['trace', 'room']]])(
    'names the required Node in one line before it loads modules that an older Node cannot load: %j',
    async (words) => {
      expect(await new Command(words, { execArgv: ['--import', onAnOlderNode] }).ended).toEqual({
        code: 1,
        stdout: '',
        stderr: expect.stringMatching(
          /^holdline: Node 20\.20\.2 cannot run Holdline: it needs Node 22\.\d+ or newer .*\n$/,
        ),
      });
    },
  );
});
