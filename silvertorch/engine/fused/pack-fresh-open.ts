import { wordsFor } from "../../../src/math/bit-words.ts";
import { FRESH } from "../../kernels/search/batch-words.ts";
import type { EngineQuery, FreshOpen } from "../query.ts";

/** What a batch tells of fresh items, as words of the packed batch (kernels/search/batch-words.ts). */
export interface PackedFreshOpen {
  /** Words that it takes. */
  readonly length: number;
  /** Writes them from a word on. */
  write(words: Uint32Array, first: number): void;
}

/**
 * Which of the fresh items each query may get. What queries share is written once.
 * @param wanted how many of them an answer can have: the largest k.
 */
export function packFreshOpen(
  queries: readonly EngineQuery[],
  count: number,
  wanted: number,
): PackedFreshOpen {
  const width = wordsFor(count);
  const distinct = new Set<FreshOpen>();
  for (const { freshOpen } of queries) if (freshOpen !== undefined) distinct.add(freshOpen);
  const openOf = FRESH.openOf + queries.length;
  return {
    length: openOf + distinct.size * width,
    write(words, first) {
      words[first + FRESH.count] = count;
      words[first + FRESH.wanted] = wanted;
      const at = new Map<FreshOpen, number>();
      let next = first + openOf;
      for (const open of distinct) {
        words.set(open.words, next);
        at.set(open, next);
        next += width;
      }
      for (const [request, { freshOpen }] of queries.entries()) {
        words[first + FRESH.openOf + request] = freshOpen === undefined ? 0 : at.get(freshOpen)!;
      }
    },
  };
}
