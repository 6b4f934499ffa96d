/** So many more are asked for at least, once anything is hidden. */
const LEAST_MORE = 8;

/**
 * How many compiled items to ask for, so that k are left of them but rarely fewer: as many are
 * expected to be hidden as their share says, give or take four standard deviations. In powers of two
 * and the middles between them, for an engine makes its buffers anew for a k that is larger than all
 * before, and what is hidden grows all the time.
 */
export function widened(k: number, hidden: number, items: number): number {
  if (hidden === 0) return k;
  const expected = (k * hidden) / items;
  const more = Math.max(LEAST_MORE, expected + 4 * Math.sqrt(expected) + 1);
  const step = 2 ** Math.floor(Math.log2(more)) / 2;
  return Math.min(items, k + step * Math.ceil(more / step));
}
