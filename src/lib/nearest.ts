/**
 * The candidate that a misspelt word most likely means, or null when none is close.
 *
 * Close means: at most one edit for every three letters (at least one), or an abbreviation of exactly one candidate.
 * Case, `-` and `_` do not count. Ties keep the candidate that comes first.
 */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  const wanted = plain(word);
  if (wanted === "") return null;
  const limit = Math.max(1, Math.floor(wanted.length / 3));
  let best: string | null = null;
  let bestDistance = limit + 1;
  const abbreviated: string[] = [];
  for (const candidate of candidates) {
    const text = plain(candidate);
    const distance = editDistance(wanted, text);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
    if (wanted.length >= 3 && text.startsWith(wanted)) abbreviated.push(candidate);
  }
  return best ?? (abbreviated.length === 1 ? (abbreviated[0] ?? null) : null);
}

/** Edits between two words: insertions, deletions, replacements and swaps of neighbours count one each. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min(replaced, at(last, j) + 1, at(row, j - 1) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, at(beforeLast, j - 2) + 1);
      }
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
}

// --- internal ---

function plain(word: string): string {
  return word.toLowerCase().replaceAll(/[-_]/g, "");
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
