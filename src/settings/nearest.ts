/** Levenshtein's distance: how many characters to add, drop or change. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 0; i < from.length; i += 1) {
    const next = [i + 1];
    for (let j = 0; j < to.length; j += 1) {
      const [changed = 0, dropped = 0, added = 0] = [row[j], row[j + 1], next[j]];
      next.push(Math.min(changed + (from[i] === to[j] ? 0 : 1), dropped + 1, added + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

/** The known word that was probably meant; undefined when none is near enough for a typo. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const nearEnough = Math.max(2, Math.floor(word.length / 4));
  const ranked = known.map((candidate) => ({ candidate, steps: distance(word, candidate) }));
  return ranked.filter(({ steps }) => steps <= nearEnough).sort((a, b) => a.steps - b.steps)[0]?.candidate;
}
