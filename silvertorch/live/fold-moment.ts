/** What decides when fresh items are compiled into the artifact. */
export interface FoldBalance {
  /** Compiled ones. */
  readonly items: number;
  /** Fresh and hidden items that come a second. */
  readonly changesPerSecond: number;
  /** Of all CPUs of the model: what a fold takes of them, the swap to what it made included. */
  readonly foldSeconds: number;
  /** What a fresh or hidden item costs a request, in compiled items. */
  readonly changeCost: number;
}

/** Between these shares of the items the balance is kept; fewer changes than this are no burden. */
const LEAST_SHARE = 0.02;
const MOST_SHARE = 0.25;
const LEAST = 2000;

/**
 * After how many changes a fold loses the fewest requests over a long time. With m changes, rate r,
 * a fold of F seconds takes F r / m of the time; changes, m / 2 of them in the mean, take
 * c m / 2N of each request among N items. Their sum is least where both are equal:
 *
 *     m = sqrt(2 F r N / c)
 *
 * It is flat there: with twice or half as many, a quarter more is lost.
 */
export function changesWorthFolding({
  items,
  changesPerSecond,
  foldSeconds,
  changeCost,
}: FoldBalance): number {
  const balanced = Math.sqrt((2 * foldSeconds * changesPerSecond * items) / changeCost);
  const most = MOST_SHARE * items;
  return Math.max(LEAST, Math.min(most, Math.max(LEAST_SHARE * items, balanced)));
}
