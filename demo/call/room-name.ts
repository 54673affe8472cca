const ROOM = /^[\w-]{1,64}$/;

const ADJECTIVES = ['amber', 'blue', 'calm', 'early', 'green', 'kind', 'quiet', 'silver', 'sunny', 'warm'];
const NOUNS = ['bridge', 'door', 'garden', 'harbour', 'island', 'lantern', 'meadow', 'orchard', 'river', 'window'];
const LETTERS = 'abcdefghjkmnpqrstuvwxyz23456789';

/** The room that the address names. Behind the `#`: the name is the secret, and what stands there is never sent to a server. */
export function roomOfAddress(): string | undefined {
  const name = location.hash.slice(1);
  return ROOM.test(name) ? name : undefined;
}

export function putIntoAddress(roomId: string): void {
  history.replaceState(null, '', `#${roomId}`);
}

/** Easy to read out, and with some 40 random bits behind the words, hard to guess. */
export function newRoomName(): string {
  const random = [...crypto.getRandomValues(new Uint8Array(10))];
  const pick = (words: ArrayLike<string>): string => words[(random.pop() ?? 0) % words.length] ?? '';
  const tail = Array.from({ length: 8 }, () => pick(LETTERS)).join('');
  return `${pick(ADJECTIVES)}-${pick(NOUNS)}-${tail}`;
}
