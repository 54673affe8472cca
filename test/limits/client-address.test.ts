import { describe, expect, test } from '@jest/globals';
import { subscriberOf } from '../../src/http/request/client-address.ts';

describe('the rate-limit key of a client address', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['192.0.2.1:51234', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:0001:0002::1', '2001:db8:1:2::/64'],
    ['[2001:db8:1:2::9]:443', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:db8:0:0:1::', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
    ['1:2:3:4:5:6:192.0.2.1', '1:2:3:4::/64'],
  ])('of %s is %s', (address, network) => {
    expect(subscriberOf(address)).toBe(network);
  });

  test.each([
    '',
    'unknown',
    'example.com',
    '192.0.2',
    '192.0.2.1.5',
    '2001:db8:::1',
    '_hidden',
    'x'.repeat(10_000),
    '1:2:3',
  ])('"%s" is not an address', (text) => {
    expect(subscriberOf(text)).toBeUndefined();
  });

  test('is the same for every spelling of an IPv6 network', () => {
    const spellings = [
      '2001:db8:0:1::1',
      '2001:0db8::1:0:0:0:1',
      '2001:DB8:0000:0001:ffff:ffff:ffff:ffff',
      '2001:db8:0:1::',
    ];
    expect(new Set(spellings.map(subscriberOf))).toEqual(new Set(['2001:db8:0:1::/64']));
  });
});
