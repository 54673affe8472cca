import { describe, expect, test } from '@jest/globals';
import { readLocation } from '../../src/store/redis/location.ts';

const DEFAULTS = {
  sentinelName: undefined,
  tls: false,
  username: undefined,
  password: undefined,
  database: 0,
  prefix: 'holdline',
  replicas: 0,
};

describe('the URL of a Redis', () => {
  test.each([
    ['redis://r', { hosts: [{ host: 'r', port: 6379 }] }],
    ['redis://127.0.0.1:7000/3', { hosts: [{ host: '127.0.0.1', port: 7000 }], database: 3 }],
    ['rediss://r.example/', { hosts: [{ host: 'r.example', port: 6379 }], tls: true }],
    ['redis://:p%40ss@r', { hosts: [{ host: 'r', port: 6379 }], password: 'p@ss' }],
    ['redis://me:secret@r', { hosts: [{ host: 'r', port: 6379 }], username: 'me', password: 'secret' }],
    [
      'redis://a:1,b:2,[::1]:3',
      {
        hosts: [
          { host: 'a', port: 1 },
          { host: 'b', port: 2 },
          { host: '::1', port: 3 },
        ],
      },
    ],
    [
      'redis+sentinel://a,b:5/main?prefix=one',
      {
        hosts: [
          { host: 'a', port: 26379 },
          { host: 'b', port: 5 },
        ],
        sentinelName: 'main',
        prefix: 'one',
      },
    ],
    [
      'rediss+sentinel://me:secret@a/main/3',
      {
        hosts: [{ host: 'a', port: 26379 }],
        sentinelName: 'main',
        database: 3,
        tls: true,
        username: 'me',
        password: 'secret',
      },
    ],
    ['redis://r?prefix=one&replicas=2', { hosts: [{ host: 'r', port: 6379 }], prefix: 'one', replicas: 2 }],
  ])('%s is parsed', (url, location) => {
    expect(readLocation(url)).toEqual({ ...DEFAULTS, ...location });
  });

  test.each([
    ['redis://', 'it does not have that form'],
    ['redis://a,,b', '"" is not a host'],
    ['redis://a,b:0', 'the port of "b:0" is not from 1 to 65535'],
    ['redis://r:99999', 'the port of "r:99999" is not from 1 to 65535'],
    ['redis://r/database', 'comes the number of a database'],
    ['redis+sentinel://a', 'comes the name of the primary'],
    ['redis://r?replica=1', 'it has no option "replica"'],
    ['redis://r?replicas=many', 'replicas is a number from 0 to 9'],
    ['redis://r?prefix={a}', 'prefix is 1 to 64'],
    ['redis://me:%zz@r', 'percent-encoded'],
  ])('%s is refused with the reason', (url, why) => {
    expect(() => readLocation(url)).toThrow(why);
  });

  test('is refused without showing its password', () => {
    expect(() => readLocation('redis://me:hunter2@')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
    );
  });
});
