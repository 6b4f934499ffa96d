import { TopK } from "../math/top-k.ts";
import { CandidateRanker, type RankedCatalogue, type Ranking } from "./candidate-ranker.ts";
import type { BoundFilter } from "./filter/bind.ts";
import { FilterScan, matches } from "./filter/evaluate.ts";
import type {
  JoinTask,
  RangeOutcome,
  RangeTask,
  ScanOutcome,
  ScanRequest,
  ScanTask,
} from "./oracle-task.ts";
import { OracleTile } from "./oracle-tile.ts";
import { rankUnion } from "./oracle-union.ts";

/** What the items that passed by make of a request. */
type Answering = Pick<ScanOutcome, "rows" | "values" | "borders">;

/**
 * Answers requests exactly, in float64. The items pass by in tiles, and every request of a task
 * looks at a tile while it is in cache. Each inner product is summed in the order of the
 * dimensions and the ranking is total, so an answer does not depend on the tiles, on the other
 * requests of the task or on the thread that computes it.
 */
export class OracleScan {
  readonly #catalogue: RankedCatalogue;
  readonly #candidates: number;
  /** Null where an item's value is its score. */
  readonly #ranker: CandidateRanker | null;

  constructor(catalogue: RankedCatalogue, ranking: Ranking | null) {
    this.#catalogue = catalogue;
    this.#candidates = ranking?.spec.candidates ?? 0;
    this.#ranker = ranking === null ? null : new CandidateRanker(catalogue, ranking);
  }

  answer(task: ScanTask): ScanOutcome[] {
    const { tops, passing } = this.#scan({ ...task, from: 0, to: this.#catalogue.count });
    return task.requests.map((request, index) => {
      const filter = task.filters[request.filter]!;
      return this.#outcome({ request, filter, passing: passing[request.filter]! }, tops[index]!);
    });
  }

  /** The best of some rows. */
  range(task: RangeTask): RangeOutcome[] {
    const { tops, passing } = this.#scan(task);
    return task.requests.map(({ filter }, index) => ({
      lists: tops[index]!.map((top) => top.take()),
      passing: passing[filter]!,
    }));
  }

  /** The answer, of the best of all ranges. */
  join({ request, filter, ranges }: JoinTask): ScanOutcome {
    const tops = this.#tops(request);
    for (const { lists } of ranges) {
      for (const [head, { rows, values }] of lists.entries()) {
        for (const [at, row] of rows.entries()) tops[head]!.push(values[at]!, row);
      }
    }
    const passing = ranges.reduce((sum, range) => sum + range.passing, 0);
    return this.#outcome({ request, filter, passing }, tops);
  }

  /** Lets rows compete, tile by tile. */
  #scan(task: RangeTask): { readonly tops: TopK[][]; readonly passing: number[] } {
    const catalogue = this.#catalogue;
    const tile = new OracleTile(catalogue);
    const tops = task.requests.map((request) => this.#tops(request));
    const scans = task.filters.map((filter) => new FilterScan(filter, catalogue));
    const passing = task.filters.map(() => 0);
    for (let from = task.from; from < task.to; from += tile.capacity) {
      tile.load(from, task.to);
      let listed = -1;
      for (const [index, request] of task.requests.entries()) {
        if (request.filter !== listed) {
          listed = request.filter;
          passing[listed]! += tile.list(scans[listed]!);
        }
        if (this.#ranker === null) tile.offerScores(request, tops[index]![0]!);
        else tile.offerProducts(request, tops[index]!);
      }
    }
    return { tops, passing };
  }

  #outcome(
    { request, filter, passing }: Omit<JoinTask, "ranges"> & { readonly passing: number },
    tops: readonly TopK[],
  ): ScanOutcome {
    return {
      ...this.#finish(request, tops),
      passing,
      eligible: passing - countPassing(filter, this.#catalogue, request.excluded),
    };
  }

  /** The k best by score; or the K0 best of each head, where the score is not all that counts. */
  #tops({ k, queries }: ScanRequest): TopK[] {
    if (this.#ranker === null) return [new TopK(k)];
    const heads = queries.length / this.#catalogue.dim;
    // One more place than there are items is as good as any number more.
    const candidates = Math.min(this.#candidates, this.#catalogue.count + 1);
    return Array.from({ length: heads }, () => new TopK(candidates));
  }

  #finish(request: ScanRequest, tops: readonly TopK[]): Answering {
    if (this.#ranker === null) return { ...tops[0]!.take(), borders: new Float64Array(0) };
    return rankUnion(request, tops, { catalogue: this.#catalogue, ranker: this.#ranker });
  }
}

function countPassing(filter: BoundFilter, catalogue: RankedCatalogue, rows: Uint32Array): number {
  let count = 0;
  for (const row of rows) {
    if (matches(filter, catalogue, row)) count++;
  }
  return count;
}
