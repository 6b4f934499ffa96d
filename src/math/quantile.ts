declare const sortedBrand: unique symbol;

/** Finite numbers in ascending order; only `sorted` makes one. */
export type Sorted = Float64Array & { readonly [sortedBrand]: true };

/** @throws RangeError if a value is not finite: a hole in the data must not be sorted away. */
export function sorted(values: Iterable<number>): Sorted {
  const array = Float64Array.from(values);
  const hole = array.findIndex((value) => !Number.isFinite(value));
  if (hole !== -1)
    throw new RangeError(`value ${hole} is ${array[hole]}, expected a finite number`);
  return array.toSorted() as Sorted;
}

/**
 * Quantile by linear interpolation between the closest ranks (type 7 of Hyndman & Fan, "Sample
 * quantiles in statistical packages", 1996; the default of R, NumPy and spreadsheets).
 * @param share 0..1.
 * @returns NaN where there are no values.
 */
export function quantile(values: Sorted, share: number): number {
  if (values.length === 0) return NaN;
  const position = (values.length - 1) * Math.min(1, Math.max(0, share));
  const below = Math.floor(position);
  const low = values[below]!;
  const high = values[Math.min(below + 1, values.length - 1)]!;
  return low + (high - low) * (position - below);
}

/** The middle value; NaN where there are none. */
export function median(values: Iterable<number>): number {
  return quantile(sorted(values), 0.5);
}
