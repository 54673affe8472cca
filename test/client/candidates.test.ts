import { beforeEach, describe, expect, test } from '@jest/globals';
import { LinkPair, type LinkSide } from './support/link-pair.ts';

let links: LinkPair;
let caller: LinkSide;
let callee: LinkSide;
beforeEach(() => {
  links = new LinkPair();
  ({ caller, callee } = links);
});

const settle = (): Promise<void> => links.settle();
const errors = (): unknown[] => links.errors;
const states = (): string[] => links.states;

describe('a candidate of another stack', () => {
  async function added(payload: Record<string, unknown>): Promise<unknown[]> {
    await settle();
    callee.peer.candidates.length = 0;
    callee.link.receive('candidate', payload);
    await settle();
    return callee.peer.candidates;
  }
  const real = 'candidate:7 ufrag a1';

  test.each([
    ['of no media line belongs to the first', { sdpMid: null, sdpMLineIndex: null }, { sdpMLineIndex: 0 }],
    ['of a media line without a name goes by its index', { sdpMid: '', sdpMLineIndex: 1 }, { sdpMLineIndex: 1 }],
    ['with the index -1 goes by its name', { sdpMid: 'a', sdpMLineIndex: -1 }, { sdpMid: 'a' }],
    ['with a name alone goes by that', { sdpMid: 'a', sdpMLineIndex: null }, { sdpMid: 'a' }],
    ['with nothing but the index -1 belongs to the first', { sdpMLineIndex: -1 }, { sdpMLineIndex: 0 }],
    ['of two ways to name its line keeps both', { sdpMid: '1', sdpMLineIndex: 1 }, { sdpMid: '1', sdpMLineIndex: 1 }],
  ])('%s', async (_, sent, applied) => {
    expect(await added({ candidate: real, ...sent })).toEqual([{ candidate: real, ...applied }]);
    expect(errors()).toEqual([]);
  });

  test.each([
    ['as Licode sends it', { candidate: 'end', sdpMid: 'end', sdpMLineIndex: -1 }],
    ['as the attribute of RFC 8838', { candidate: 'a=end-of-candidates', sdpMid: '0' }],
    ['as browsers send it', { candidate: '' }],
  ])('that ends the candidates %s does no harm', async (_, sent) => {
    expect(await added(sent)).toMatchObject([{ candidate: '' }]);
    expect(errors()).toEqual([]);
  });
});

describe('a candidate', () => {
  test('that overtakes its description waits for it', async () => {
    callee.link.receive('candidate', { candidate: 'candidate:7 ufrag a1', sdpMid: '0' });
    await settle();
    expect(callee.peer.added).toEqual(['candidate:7 ufrag a1', 'candidate:1 ufrag a1']);
  });

  test('of the next generation waits for the restart that it belongs to', async () => {
    await settle();
    callee.link.receive('candidate', { candidate: 'candidate:8 ufrag a2', usernameFragment: 'a2' });
    await settle();
    expect(callee.peer.added).toEqual(['candidate:1 ufrag a1']);
    caller.link.restart();
    await settle();
    expect(callee.peer.added).toContain('candidate:8 ufrag a2');
    expect(errors()).toEqual([]);
  });

  test('that is nonsense and arrives before the offer does not prevent the answer', async () => {
    callee.link.receive('candidate', { candidate: 'nonsense' });
    await settle();
    expect(states()).toEqual(['stable', 'stable']);
    expect(callee.peer.added).toEqual(['candidate:1 ufrag a1']);
    expect(callee.errors).toHaveLength(1);
  });

  test('that does not belong to the call is an error, and ends nothing', async () => {
    await settle();
    callee.link.receive('candidate', { candidate: 'nonsense' });
    await settle();
    expect(callee.errors).toHaveLength(1);
    caller.peer.fire('negotiationneeded');
    await settle();
    expect(states()).toEqual(['stable', 'stable']);
  });

  test('that means end of candidates is no error in stacks that refuse it', async () => {
    await settle();
    callee.link.receive('candidate', { candidate: '' });
    await settle();
    expect(errors()).toEqual([]);
  });

  test('event without a candidate is sent as end of candidates', async () => {
    await settle();
    caller.peer.fire('icecandidate', { candidate: null });
    await settle();
    expect(caller.sent.at(-1)).toEqual(['candidate', { candidate: '' }]);
  });
});
