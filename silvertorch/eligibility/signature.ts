import type { CategoricalColumn, Column } from "../../src/retrieval/catalogue.ts";

/**
 * A Bloom filter an item over all its categorical values (Bloom, CACM 1970), stored transposed: row
 * `firstRow + position` of the bitmap table holds the items that have that bit set. A value has
 * `hashes` positions; an item that has the value has all of them set, another one by accident.
 */
export interface Signatures {
  readonly firstRow: number;
  /** Bits of a signature, and so rows of the table. */
  readonly bits: number;
  readonly hashes: number;
}

/** How wide signatures are: stated, or for a rate of false positives. */
export type SignatureWidth = { readonly bits: number } | { readonly falsePositiveRate: number };

/** The positions of a value's bits, each once. */
export function signatureBits(
  { bits, hashes }: Pick<Signatures, "bits" | "hashes">,
  column: number,
  code: number,
): number[] {
  // Each hash for itself: positions in steps of a second one, as is usual, let through twice as
  // many where signatures are as short as this.
  const value = mixed(mixed(column + 1) ^ code);
  const positions = new Set<number>();
  for (let i = 0; i < hashes; i++) {
    positions.add(mixed(value + Math.imul(i, 0x9e3779b9)) % bits);
  }
  return [...positions];
}

/** The finaliser of MurmurHash3 (Appleby): every bit of the input changes half of the output's. */
function mixed(value: number): number {
  let h = value ^ (value >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * How likely an item seems to have a value that it has not: (1 - e^(-K n / M))^K with n values of
 * its own, M bits and K hashes.
 */
export function falsePositiveRate(
  { bits, hashes }: Pick<Signatures, "bits" | "hashes">,
  values: number,
): number {
  return (1 - Math.exp((-hashes * values) / bits)) ** hashes;
}

/** The most bits a signature may have. */
export const MAX_SIGNATURE_BITS = 8192;

/** Bits of the signatures of a catalogue: for a rate, the fewest whose mean over the items is within it. */
export function signatureBitCount(
  columns: readonly Column[],
  { hashes, width }: { readonly hashes: number; readonly width: SignatureWidth },
): number {
  if ("bits" in width) return width.bits;
  const counts = valueCounts(columns);
  const items = counts.reduce((sum, count) => sum + count, 0);
  const mean = (bits: number): number =>
    counts.reduce(
      (sum, count, values) => sum + count * falsePositiveRate({ bits, hashes }, values),
      0,
    ) / Math.max(1, items);
  let low = 1;
  let high = MAX_SIGNATURE_BITS;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (mean(middle) <= width.falsePositiveRate) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** How many items have n values, for each n. */
function valueCounts(columns: readonly Column[]): number[] {
  const categorical = columns.filter((column) => column.kind === "categorical");
  const counts: number[] = [];
  const items = Math.max(0, ...categorical.map(({ offsets }) => offsets.length - 1));
  for (let item = 0; item < items; item++) {
    const values = categorical.reduce((sum, column) => sum + valuesOf(column, item), 0);
    counts[values] = (counts[values] ?? 0) + 1;
  }
  return Array.from(counts, (count) => count ?? 0);
}

const valuesOf = ({ offsets }: CategoricalColumn, item: number): number =>
  offsets[item + 1]! - offsets[item]!;
