import { afterEach, describe, expect, test } from '@jest/globals';
import { cleanUp } from '../support/clean-up.ts';
import { Ledger } from '../support/ledger.ts';
import { Peer } from '../support/peer.ts';
import { Proxy } from '../support/proxy.ts';
import { ServerProcess, temporaryDatabase } from '../support/server-process.ts';
import { RestartingServer } from '../support/restarting-server.ts';

afterEach(cleanUp);

const startServer = () => ServerProcess.start({ env: { STORE_URL: temporaryDatabase() } });

/** Waits until both are connected and have exchanged data; then the caller hangs up. */
async function exchangeAndHangUp(caller: Peer, callee: Peer): Promise<void> {
  await Promise.all([caller.reached('connected'), callee.reached('connected')]);
  await Promise.all([caller.reached('heard callee'), callee.reached('heard caller')]);
  caller.hangUp();
  await callee.reached('ended');
  // Messages may have arrived whose sends still lack a response.
  await Promise.all([caller.sent, callee.sent]);
}

/** The steps of a side in one direction, without candidates and joins. */
const stepsOf = ({ steps }: Peer, direction: 'sent' | 'got'): string[] =>
  steps.filter((step) => step.startsWith(direction) && !/ (candidate|participant-joined)$/.test(step));

/** Each side took all steps once and in order, candidates went both ways, and every 201 is accounted for. */
async function expectCompleteCall(ledger: Ledger, caller: Peer, callee: Peer): Promise<void> {
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

describe('two WebRTC peers connect, exchange data and hang up,', () => {
  test('when the caller joins before its callee and gets a participant-joined', async () => {
    const { url } = await startServer();
    const ledger = new Ledger();
    const caller = new Peer(await ledger.join(url, 'room', 'caller'));
    await caller.call();
    const callee = new Peer(await ledger.join(url, 'room', 'callee'));
    await exchangeAndHangUp(caller, callee);
    expect(caller.steps[0]).toBe('got participant-joined');
    await expectCompleteCall(ledger, caller, callee);
  });

  test('when the caller joins after its callee and finds it in the roster', async () => {
    const { url } = await startServer();
    const ledger = new Ledger();
    const callee = new Peer(await ledger.join(url, 'room', 'callee'));
    const caller = new Peer(await ledger.join(url, 'room', 'caller'));
    await caller.call();
    await exchangeAndHangUp(caller, callee);
    expect(caller.steps).not.toContain('got participant-joined');
    await expectCompleteCall(ledger, caller, callee);
  });

  test('when candidates arrive before their descriptions', async () => {
    const { url } = await startServer();
    const ledger = new Ledger();
    const callee = new Peer(await ledger.join(url, 'room', 'callee'), { candidatesFirst: true });
    const caller = new Peer(await ledger.join(url, 'room', 'caller'), { candidatesFirst: true });
    await caller.call();
    await exchangeAndHangUp(caller, callee);
    expect(caller.earlyCandidates).toBeGreaterThan(0);
    expect(callee.earlyCandidates).toBeGreaterThan(0);
    await expectCompleteCall(ledger, caller, callee);
  });

  test('when every third reply is lost', async () => {
    const { url } = await startServer();
    let replies = 0;
    const proxy = await Proxy.start(url, { onReply: () => ((replies += 1) % 3 === 0 ? 'drop' : 'pass') });
    const ledger = new Ledger();
    const callee = new Peer(await ledger.join(proxy.url, 'room', 'callee'));
    const caller = new Peer(await ledger.join(proxy.url, 'room', 'caller'));
    await caller.call();
    await exchangeAndHangUp(caller, callee);
    proxy.faults = {};
    // Each side needs at least five answered sends; a third of the replies are lost and repeated.
    expect(replies).toBeGreaterThanOrEqual(15);
    await expectCompleteCall(ledger, caller, callee);
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
    await exchangeAndHangUp(caller, callee);
    await expectCompleteCall(ledger, caller, callee);
  });
});
