import { describe, expect, test } from '@jest/globals';
import { stripVTControlCharacters } from 'node:util';
import { createLog, isReadable, type Log } from '../../src/log.ts';
import { readableLines } from '../../src/log/readable-lines.ts';

function written(write: (log: Log) => void, isTTY = false): string {
  const texts: string[] = [];
  const stream = { isTTY, write: (text: string) => texts.push(text) };
  write(createLog('trace', readableLines(stream)));
  return texts.join('');
}

describe('a readable log line', () => {
  test('contains the time of day, the level, the message and the fields', () => {
    const fields = { roomId: 'blue-door', count: 3, elapsedMs: 1.23456, name: 'two words', to: ['bob'] };
    expect(written((log) => log.info(fields, 'sent'))).toMatch(
      /^\d\d:\d\d:\d\d info {2}sent roomId=blue-door count=3 elapsedMs=1.23 name="two words" to=\["bob"\]\n$/,
    );
  });

  test('is the same text on a terminal, except for colours', () => {
    expect(stripVTControlCharacters(written((log) => log.warn('careful'), true))).toMatch(
      /^[\d:]{8} warn {2}careful\n$/,
    );
  });

  test('shows an error with its stack, code and causes below the line', () => {
    const error = new TypeError('cannot store', {
      cause: Object.assign(new Error('disk full'), { code: 'SQLITE_FULL' }),
    });
    const [head, ...below] = written((log) => log.error({ err: error, requestId: 'r-1' }, 'request failed')).split(
      '\n',
    );
    expect(head).toMatch(/ error request failed requestId=r-1$/);
    expect(below.join('\n')).toMatch(
      /^ {4}TypeError: cannot store\n {8}at .*readable-lines\.test\.ts.*\n {4}caused by Error: disk full\n.*\n {4}code: SQLITE_FULL\n$/s,
    );
  });

  test('shows the errors of an aggregate error', () => {
    const text = written((log) => log.fatal(new AggregateError([new Error('one'), new Error('two')], 'both')));
    expect(text).toMatch(/fatal both\n {4}AggregateError: both\n.* {4}Error: one\n.* {4}Error: two\n/s);
  });

  test('escapes control characters', () => {
    const text = written((log) => log.info({ name: '\u001b[2J\u009b1m' }, 'hello \u001b]0;title\u0007'), false);
    expect(text).toContain('hello \\x1b]0;title\\x07');
    // eslint-disable-next-line no-control-regex
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  });

  test('redacts the same fields as a JSON line', () => {
    const text = written((log) => log.info({ token: 'hunter2', payload: { sdp: 'v=0' } }, 'Bearer hunter2'));
    expect(text).toMatch(/Bearer \[hidden\] token="\[hidden\]" payload="\[hidden\]"/);
    expect(text).not.toContain('hunter2');
  });
});

test.each([
  ['auto', true, true],
  ['auto', false, false],
  ['json', true, false],
  ['pretty', false, true],
] as const)(
  'with LOG_FORMAT=%s on a stream that is a terminal (%s), lines are readable: %s',
  (format, isTTY, readable) => {
    expect(isReadable(format, { isTTY, write: () => undefined })).toBe(readable);
  },
);
