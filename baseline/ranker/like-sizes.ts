/** Candidates of one run of the graph, padding included: beyond it arrays only leave the caches. */
const MAX_CANDIDATES = 16_384;

/** Most that may be padded for one of a group, as a share of the largest. */
const MOST_PADDED = 0.25;

/**
 * Groups of rankings with about as many candidates, for a group is computed as if each had as many
 * as its largest.
 * @param sizes Candidates of each.
 * @returns positions in `sizes`, each in one group, the largest of a group first; those without
 *   candidates are in none.
 */
export function likeSizes(sizes: readonly number[]): number[][] {
  const order = [...sizes.keys()].filter((at) => sizes[at]! > 0);
  order.sort((a, b) => sizes[b]! - sizes[a]!);
  const groups: number[][] = [];
  let group: number[] = [];
  for (const at of order) {
    const largest = group.length === 0 ? Infinity : sizes[group[0]!]!;
    const fits =
      sizes[at]! >= largest * (1 - MOST_PADDED) && (group.length + 1) * largest <= MAX_CANDIDATES;
    if (group.length > 0 && fits) group.push(at);
    else groups.push((group = [at]));
  }
  return groups;
}
