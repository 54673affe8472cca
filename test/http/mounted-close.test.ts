import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { closeServices, createService, type Service } from '../support/holdline.ts';
import { call, problemOf } from '../support/http.ts';
import { join, type Member, newRoom } from '../support/member.ts';

let service: Service;
let alice: Member;
let bob: Member;
beforeEach(async () => {
  service = await createService();
  alice = await join(service.app, newRoom(), 'alice');
  bob = await join(service.app, alice.roomId, 'bob');
});
afterEach(closeServices);

describe('closed while the app that it is mounted in goes on', () => {
  test('it ends its held polls with an empty batch', async () => {
    const poll = await service.hold('bob', () => bob.poll({ wait: 20 }));
    await service.holdline.close();
    expect(await poll.ended).toMatchObject({ messages: [], more: false, expired: 0 });
  });

  test('whoever comes later is told that it has gone', async () => {
    await service.holdline.close();
    problemOf(await call(service.app, 'joinRoom', { roomId: newRoom() }), 'shutting-down');
    problemOf(await alice.call('pollMessages'), 'shutting-down');
    problemOf(await call(service.app, 'getReadiness', {}), 'shutting-down');
    const acknowledgement = { body: { cursor: alice.joined.cursor } };
    problemOf(await alice.call('acknowledgeMessages', acknowledgement), 'storage-unavailable');
    problemOf(await alice.call('sendMessage', { body: { type: 'invite' } }), 'storage-unavailable');
    problemOf(await alice.call('leaveRoom'), 'storage-unavailable');
  });
});
