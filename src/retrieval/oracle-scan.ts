import { TopK } from "../math/top-k.ts";
import type { Catalogue } from "./catalogue.ts";
import type { BoundFilter } from "./filter/bind.ts";
import { FilterScan, matches } from "./filter/evaluate.ts";
import { OracleTile } from "./oracle-tile.ts";

/** What the oracle reads of a catalogue. */
export type ScanCatalogue = Pick<Catalogue, "count" | "dim" | "embeddings" | "columns">;

/** Requests that are answered in one pass over the items. Plain data: it travels to a worker. */
export interface ScanTask {
  readonly filters: readonly BoundFilter[];
  /** Those with the same filter stand together. */
  readonly requests: readonly ScanRequest[];
}

export interface ScanRequest {
  /** Position in the task's `filters`. */
  readonly filter: number;
  readonly k: number;
  /** float64 [heads, dim] */
  readonly queries: Float64Array;
  /** Rows that must not be returned, ascending, each once. */
  readonly excluded: Uint32Array;
}

export interface ScanOutcome {
  /** Best first. */
  readonly rows: Uint32Array;
  readonly values: Float64Array;
  /** Items that pass the filter. */
  readonly passing: number;
  /** Items that pass the filter and are not excluded. */
  readonly eligible: number;
}

/**
 * Answers the requests of a task exactly, in float64. The items pass by in tiles, and every
 * request looks at a tile while it is in cache. Each inner product is summed in the order of the
 * dimensions and the ranking is total, so an answer does not depend on the tiles, on the other
 * requests of the task or on the thread that computes it.
 */
export function scanItems(catalogue: ScanCatalogue, task: ScanTask): ScanOutcome[] {
  const tile = new OracleTile(catalogue);
  const tops = task.requests.map(({ k }) => new TopK(k));
  const scans = task.filters.map((filter) => new FilterScan(filter, catalogue));
  const passing = task.filters.map(() => 0);

  for (let from = 0; from < catalogue.count; from += tile.capacity) {
    tile.load(from);
    let listed = -1;
    for (const [index, request] of task.requests.entries()) {
      if (request.filter !== listed) {
        listed = request.filter;
        passing[listed]! += tile.list(scans[listed]!);
      }
      tile.offer(request, tops[index]!);
    }
  }
  return task.requests.map(({ filter, excluded }, index) => ({
    ...tops[index]!.take(),
    passing: passing[filter]!,
    eligible: passing[filter]! - countPassing(task.filters[filter]!, catalogue, excluded),
  }));
}

function countPassing(filter: BoundFilter, catalogue: ScanCatalogue, rows: Uint32Array): number {
  let count = 0;
  for (const row of rows) {
    if (matches(filter, catalogue, row)) count++;
  }
  return count;
}
