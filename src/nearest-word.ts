/**
 * The candidate that a misspelt word most likely means, or null if none is near: Damerau-Levenshtein
 * distance (optimal string alignment) of at most a third of the longer word, case ignored; or one
 * word being the beginning of the other.
 */
export function nearestWord(word: string, candidates: Iterable<string>): string | null {
  const sought = word.toLowerCase();
  let best: string | null = null;
  let bestDistance = Infinity;
  for (const candidate of candidates) {
    const known = candidate.toLowerCase();
    const within = Math.max(1, Math.floor(Math.max(sought.length, known.length) / 3));
    const isBeginning =
      Math.min(sought.length, known.length) >= 3 &&
      (known.startsWith(sought) || sought.startsWith(known));
    const distance = isBeginning ? 1 : editDistance(sought, known);
    if ((isBeginning || distance <= within) && distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** `; did you mean "x"?`, or what to say instead when nothing is near. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const near = nearestWord(word, candidates);
  return near === null ? "" : `; did you mean "${near}"?`;
}

function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, beforeLast[j - 2]! + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
