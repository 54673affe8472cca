import { describe, expect, test } from '@jest/globals';
import { newMailboxId, type ParticipantId, type RoomId } from '../../src/signalling/ids.ts';
import type { Mailbox, Participant } from '../../src/signalling/message.ts';
import { ParticipantsPerAddress } from '../../src/signalling/participants-per-address.ts';
import { TestClock } from '../support/clock.ts';

const ADDRESS = '192.0.2.1';

const mailbox = (id: string): Mailbox => ({
  roomId: 'room' as RoomId,
  participantId: id as ParticipantId,
  mailboxId: newMailboxId(),
});

/** Two participants per address are allowed. `rosterReads` counts the reads of the roster. */
function counted() {
  const clock = new TestClock();
  const present = new Set<string>();
  let rosterReads = 0;
  const participants = (): Promise<Participant[]> => {
    rosterReads += 1;
    const roster = [...present].map((id) => ({ participantId: id as ParticipantId, joinedAtMs: 0, listening: false }));
    return Promise.resolve(roster);
  };
  const perAddress = new ParticipantsPerAddress({ store: { participants }, clock, max: 2 });
  const enter = async (id: string, address = ADDRESS): Promise<Mailbox | undefined> => {
    const place = mailbox(id);
    if ((await perAddress.enter(address, place)) !== undefined) return undefined;
    present.add(id);
    perAddress.confirm(place.mailboxId);
    return place;
  };
  return { clock, present, perAddress, enter, rosterReads: () => rosterReads };
}

describe('participants of a client address', () => {
  test('are refused beyond the limit, and accepted again when one departs', async () => {
    const { perAddress, enter } = counted();
    const [first] = [await enter('a'), await enter('b')];
    expect(await perAddress.enter(ADDRESS, mailbox('c'))).toMatchObject({
      code: 'rate-limited',
      details: { limit: { name: 'participants', quota: 2, remaining: 0 } },
    });
    expect(await enter('other', '192.0.2.2')).toBeDefined();
    if (first !== undefined) perAddress.remove(first.mailboxId);
    expect([await enter('c'), await enter('d')]).toEqual([expect.anything(), undefined]);
  });

  test('that join at the same time do not exceed the limit together', async () => {
    const { perAddress } = counted();
    const refusals = await Promise.all(['a', 'b', 'c', 'd'].map(async (id) => perAddress.enter(ADDRESS, mailbox(id))));
    expect(refusals.filter((refusal) => refusal === undefined)).toHaveLength(2);
  });

  test('that replace another one are counted, but not refused', async () => {
    const { perAddress, enter } = counted();
    const [first] = [await enter('a'), await enter('b')];
    const again = mailbox('a');
    perAddress.add(ADDRESS, again);
    if (first !== undefined) perAddress.remove(first.mailboxId);
    expect(perAddress.size).toBe(2);
    expect(await enter('c')).toBeUndefined();
    perAddress.remove(again.mailboxId);
    expect(await enter('c')).toBeDefined();
  });

  test('whose departure was not hinted are removed at the limit, at most every 10 s', async () => {
    const { clock, present, enter, rosterReads } = counted();
    await enter('a');
    await enter('b');
    present.delete('a');
    expect([await enter('c'), await enter('d')]).toEqual([expect.anything(), undefined]);
    expect(rosterReads()).toBe(1);
    present.delete('b');
    await clock.advance(10_000);
    expect(await enter('d')).toBeDefined();
  });

  test('whose join is in progress do not count as departed', async () => {
    const { perAddress, enter } = counted();
    await perAddress.enter(ADDRESS, mailbox('slow'));
    await perAddress.enter(ADDRESS, mailbox('slower'));
    expect(await enter('c')).toBeUndefined();
  });

  test('are forgotten once they are removed, and at most 100,000 are counted', async () => {
    const { perAddress } = counted();
    const places = Array.from({ length: 100_010 }, (_, index) => mailbox(`p${index}`));
    places.forEach((place, index) => perAddress.add(`address ${index}`, place));
    expect(perAddress.size).toBe(100_000);
    for (const { mailboxId } of places) perAddress.remove(mailboxId);
    expect(perAddress.size).toBe(0);
  });
});
