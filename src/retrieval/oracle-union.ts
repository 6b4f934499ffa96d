import { TopK, type Ranked } from "../math/top-k.ts";
import type { CandidateRanker, RankedCatalogue } from "./candidate-ranker.ts";
import { innerProducts } from "./inner-products.ts";
import { itemVectors } from "./item-vectors.ts";
import type { ScanOutcome, ScanRequest } from "./oracle-task.ts";

/**
 * The rest of the model once each head has its candidates: union by row, value, the k best.
 *
 * @param tops each head's K0 best eligible items by inner product; they are emptied.
 */
export function rankUnion(
  { k, queries, features }: ScanRequest,
  tops: readonly TopK[],
  { catalogue, ranker }: { readonly catalogue: RankedCatalogue; readonly ranker: CandidateRanker },
): Pick<ScanOutcome, "rows" | "values" | "borders"> {
  const held = tops.map((top) => top.take());
  const userSide = ranker.userSide(features);
  const vectors = itemVectors(catalogue);
  const item = new Float64Array(catalogue.dim);
  const products = new Float64Array(tops.length);
  const best = new TopK(k);
  for (const [row, score] of largestScores(held)) {
    vectors.fill(row, row + 1, item);
    innerProducts(item, queries, products);
    best.push(ranker.value(userSide, { row, products, score }), row);
  }
  const borders = Float64Array.from(held, ({ values }, head) =>
    values.length < tops[head]!.k ? -Infinity : values.at(-1)!,
  );
  return { ...best.take(), borders };
}

/** Each row that a head holds, and the largest of its inner products with the heads that do. */
function largestScores(held: readonly Ranked[]): Map<number, number> {
  const scores = new Map<number, number>();
  for (const { rows, values } of held) {
    for (const [at, row] of rows.entries()) {
      const before = scores.get(row);
      if (before === undefined || values[at]! > before) scores.set(row, values[at]!);
    }
  }
  return scores;
}
