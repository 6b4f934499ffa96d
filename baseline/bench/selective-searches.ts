import type { Dataset } from "../../src/dataset/dataset.ts";
import { Random, shuffle } from "../../src/math/random.ts";
import { packRows } from "../filter/pack-rows.ts";
import type { EligibleRows, Search } from "../services.ts";

/**
 * Which rows pass: any; or only rows of the half that is farther from who asks, the hard case: a walk
 * finds what is near and drops it; or those of some topics, which go with the clusters of the vectors.
 */
export type Spread = "anywhere" | "far" | "by topic";

export interface SelectiveOptions {
  /** Share of the items that passes. */
  readonly share: number;
  readonly spread: Spread;
  readonly count: number;
  readonly k: number;
}

/** Searches of users, each with a filter of its own that lets a share of the items pass. */
export function selectiveSearches(
  { catalogue, users }: Dataset,
  { share, spread, count, k }: SelectiveOptions,
): Search[] {
  const random = new Random(17);
  const { dim } = catalogue;
  return Array.from({ length: count }, (_, user) => {
    const vectors = users.features.slice(user * dim, (user + 1) * dim);
    const eligible =
      spread === "by topic"
        ? eligibleFirst(byTopic(catalogue, random), share, catalogue.count)
        : eligibleOf(
            spread === "far" ? fartherHalf(catalogue, vectors) : allRows(catalogue.count),
            share,
            catalogue.count,
            random,
          );
    return { vectors, k, eligible, excluded: NONE };
  });
}

const NONE = new Uint32Array(0);

function eligibleOf(from: Uint32Array, share: number, items: number, random: Random): EligibleRows {
  if (share === 1) return { bitmap: null, count: items };
  shuffle(from, random);
  return eligibleFirst(from, share, items);
}

/** So many of the first rows. */
function eligibleFirst(from: Uint32Array, share: number, items: number): EligibleRows {
  const rows = from.subarray(0, Math.round(share * items)).toSorted();
  return { bitmap: packRows(rows), count: rows.length };
}

/** All rows, by their first topic, in a random order of the topics. */
function byTopic({ columns, count }: Dataset["catalogue"], random: Random): Uint32Array {
  const column = columns.find(({ name }) => name === "topic");
  if (column?.kind !== "categorical") throw new Error("the items have no topics");
  const { offsets, values } = column;
  const places = Uint32Array.from(column.vocabulary, (_, topic) => topic);
  shuffle(places, random);
  const placeOf = (row: number): number => places[values[offsets[row]!]!]!;
  return allRows(count).toSorted((a, b) => placeOf(a) - placeOf(b) || a - b);
}

const allRows = (count: number): Uint32Array =>
  Uint32Array.from({ length: count }, (_, row) => row);

/** Rows of the lower inner products with a query. */
function fartherHalf(
  { embeddings, dim, count }: Dataset["catalogue"],
  query: Float32Array,
): Uint32Array {
  const values = Float32Array.from({ length: count }, (_, row) => {
    let sum = 0;
    for (let d = 0; d < dim; d++) sum += query[d]! * embeddings[row * dim + d]!;
    return sum;
  });
  const middle = values.toSorted()[count >>> 1]!;
  return allRows(count).filter((row) => values[row]! < middle);
}
