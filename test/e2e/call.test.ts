import { afterEach, describe, expect, test } from '@jest/globals';
import { cleanUp } from '../support/clean-up.ts';
import { Ledger } from '../support/ledger.ts';
import { Peer } from '../support/peer.ts';
import { Proxy } from '../support/proxy.ts';
import { ServerProcess, temporaryDatabase } from '../support/server-process.ts';
import { RestartingServer } from '../support/restarting-server.ts';

afterEach(cleanUp);

const startServer = () => ServerProcess.start({ env: { STORE_URL: temporaryDatabase() } });

/** Both are connected and have heard each other; then the caller hangs up. */
async function talk(caller: Peer, callee: Peer): Promise<void> {
  await Promise.all([caller.reached('connected'), callee.reached('connected')]);
  await Promise.all([caller.reached('heard callee'), callee.reached('heard caller')]);
  caller.hangUp();
  await callee.reached('ended');
  // What has arrived may still lack its own reply.
  await Promise.all([caller.sent, callee.sent]);
}

/** What a side has sent, or got, of everything but candidates. */
const stepsOf = ({ steps }: Peer, way: 'sent' | 'got'): string[] =>
  steps.filter((step) => step.startsWith(way) && !/ (candidate|participant-joined)$/.test(step));

/** Each side went through all steps, in order and once; candidates went both ways; what the server promised, it held. */
async function expectWholeCall(ledger: Ledger, caller: Peer, callee: Peer): Promise<void> {
  expect(stepsOf(caller, 'sent')).toEqual(['sent invite', 'sent offer', 'sent hangup']);
  expect(stepsOf(callee, 'got')).toEqual(['got invite', 'got offer', 'got hangup']);
  expect(stepsOf(callee, 'sent')).toEqual(['sent ringing', 'sent accept', 'sent answer']);
  expect(stepsOf(caller, 'got')).toEqual(['got ringing', 'got accept', 'got answer']);
  for (const { steps } of [caller, callee]) {
    expect(steps).toEqual(expect.arrayContaining(['sent candidate', 'got candidate']));
  }
  await ledger.settle();
  await Promise.all([caller.listening, callee.listening]);
}

describe('two WebRTC peers connect, exchange data and hang up', () => {
  test('when the caller is there before its callee, whose joining it is told', async () => {
    const { url } = await startServer();
    const ledger = new Ledger();
    const caller = new Peer(await ledger.join(url, 'room', 'caller'));
    await caller.call();
    const callee = new Peer(await ledger.join(url, 'room', 'callee'));
    await talk(caller, callee);
    expect(caller.steps[0]).toBe('got participant-joined');
    await expectWholeCall(ledger, caller, callee);
  });

  test('when the caller comes after its callee, whom it finds in the roster', async () => {
    const { url } = await startServer();
    const ledger = new Ledger();
    const callee = new Peer(await ledger.join(url, 'room', 'callee'));
    const caller = new Peer(await ledger.join(url, 'room', 'caller'));
    await caller.call();
    await talk(caller, callee);
    expect(caller.steps).not.toContain('got participant-joined');
    await expectWholeCall(ledger, caller, callee);
  });

  test('when candidates overtake the descriptions that they belong to', async () => {
    const { url } = await startServer();
    const ledger = new Ledger();
    const callee = new Peer(await ledger.join(url, 'room', 'callee'), { candidatesFirst: true });
    const caller = new Peer(await ledger.join(url, 'room', 'caller'), { candidatesFirst: true });
    await caller.call();
    await talk(caller, callee);
    expect(caller.earlyCandidates).toBeGreaterThan(0);
    expect(callee.earlyCandidates).toBeGreaterThan(0);
    await expectWholeCall(ledger, caller, callee);
  });

  test('when every third reply is lost on the way', async () => {
    const { url } = await startServer();
    let replies = 0;
    const proxy = await Proxy.start(url, { onReply: () => ((replies += 1) % 3 === 0 ? 'drop' : 'pass') });
    const ledger = new Ledger();
    const callee = new Peer(await ledger.join(proxy.url, 'room', 'callee'));
    const caller = new Peer(await ledger.join(proxy.url, 'room', 'caller'));
    await caller.call();
    await talk(caller, callee);
    proxy.faults = {};
    // Each side had at least five sends answered, and gets three replies for two of them.
    expect(replies).toBeGreaterThanOrEqual(15);
    await expectWholeCall(ledger, caller, callee);
  });

  test.each([
    ['killed', 'kill'],
    ['restarted', 'stop'],
  ] as const)('when the server is %s between the offer and the answer', async (_, how) => {
    const servers = await RestartingServer.start();
    const ledger = new Ledger();
    const callee = new Peer(await ledger.join(servers.proxy.url, 'room', 'callee'));
    const caller = new Peer(await ledger.join(servers.proxy.url, 'room', 'caller'));
    await caller.call();
    await callee.reached('got offer');
    await servers.restart(how);
    await talk(caller, callee);
    await expectWholeCall(ledger, caller, callee);
  });
});
