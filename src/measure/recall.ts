import type { Catalogue, Users } from "../retrieval/catalogue.ts";
import { bindFilter, type BoundFilter } from "../retrieval/filter/bind.ts";
import { matches } from "../retrieval/filter/evaluate.ts";
import { FilterCache } from "../retrieval/filter/filter-cache.ts";
import { parseFilter } from "../retrieval/filter/grammar.ts";
import { IdMap } from "../retrieval/id-map.ts";
import { itemValue } from "../retrieval/item-value.ts";
import type { ModelSpec } from "../retrieval/model-spec.ts";
import { createModel } from "../retrieval/model.ts";
import type { Truth } from "../retrieval/oracle.ts";
import type { RetrievalRequest } from "../retrieval/request.ts";
import { UserQueries } from "../retrieval/user-queries.ts";

/** How good one answer is. */
export interface AnswerScore {
  /** Hits / length of the truth, 0..1. Where the truth is empty: 1 for an empty answer, else 0. */
  readonly recall: number;
  /** Ids that must not be in it: ineligible, excluded, unknown, or beyond the k asked for. */
  readonly violations: number;
  /** Ids it is short of: length of the truth less the distinct ids answered, at least 0. */
  readonly short: number;
  /** Ids that stand in it a second time. */
  readonly duplicates: number;
  /** Ids that no item has; each is a violation too. */
  readonly unknown: number;
}

export interface ScorerOptions {
  readonly catalogue: Catalogue;
  readonly users: Users;
  readonly model: ModelSpec;
  readonly requests: readonly RetrievalRequest[];
  /** The oracle's answers to those requests. */
  readonly truth: Truth;
}

/** How far below the k-th value, relative to it, an item may lie and still be a hit. */
const TOLERANCE = 1e-5;

/** Verdicts on rows outside the truth that are remembered before all are forgotten. */
const MEMO_SIZE = 1_000_000;

/** What an item outside the truth is to a request: as good as its last, worse, or forbidden. */
type Verdict = "hit" | "miss" | "violation";

/**
 * Scores answers against the oracle. A hit is an eligible item whose oracle value is at least
 * v_k - 1e-5 max(1, |v_k|), v_k being the least value of the truth: so an answer that chose
 * differently among ties, or rounded differently, loses nothing.
 */
export class AnswerScorer {
  readonly #options: ScorerOptions;
  readonly #rows: IdMap;
  readonly #queries: UserQueries;
  readonly #filters: FilterCache<BoundFilter>;
  /** As `truth.rows`, each request's ascending. */
  readonly #truthRows: Uint32Array;
  /** request x items + row -> verdict. */
  readonly #memo = new Map<number, Verdict>();

  constructor(options: ScorerOptions) {
    const { catalogue, users, truth } = options;
    this.#options = options;
    this.#rows = new IdMap(catalogue.ids);
    const { dim, denseDim } = catalogue;
    const model = createModel(options.model, { userDim: users.dim, dim, denseDim });
    this.#queries = new UserQueries(users, model);
    this.#filters = new FilterCache(1024, (text) =>
      bindFilter(parseFilter(text), catalogue.columns),
    );
    this.#truthRows = new Uint32Array(truth.rows.length);
    for (let request = 0; request + 1 < truth.offsets.length; request++) {
      const from = truth.offsets[request]!;
      const answer = truth.rows.subarray(from, truth.offsets[request + 1]);
      this.#truthRows.set(answer.toSorted(), from);
    }
  }

  /**
   * Scores one answer; its order does not matter.
   *
   * @param request position of the request.
   * @param ids what was answered.
   */
  score(request: number, ids: Float64Array): AnswerScore {
    const { offsets } = this.#options.truth;
    const truth = this.#truthRows.subarray(offsets[request], offsets[request + 1]);
    const { k } = this.#options.requests[request]!;
    const { rows, unknown } = this.#knownRows(ids);
    let hits = 0;
    let duplicates = 0;
    let violations = unknown + Math.max(0, ids.length - k);
    let at = 0;
    for (const [position, row] of rows.entries()) {
      if (position > 0 && rows[position - 1] === row) {
        duplicates++;
        continue;
      }
      while (at < truth.length && truth[at]! < row) at++;
      const verdict = truth[at] === row ? "hit" : this.#verdict(request, row);
      if (verdict === "hit") hits++;
      else if (verdict === "violation") violations++;
    }
    const wanted = truth.length;
    return {
      recall: wanted === 0 ? Number(ids.length === 0) : Math.min(1, hits / wanted),
      violations,
      short: Math.max(0, wanted - (ids.length - duplicates)),
      duplicates,
      unknown,
    };
  }

  /** Rows of the ids that items have, ascending, and how many ids none has. */
  #knownRows(ids: Float64Array): { rows: Uint32Array; unknown: number } {
    const rows = new Uint32Array(ids.length);
    let known = 0;
    for (const id of ids) {
      const row = this.#rows.rowOf(id);
      if (row >= 0) rows[known++] = row;
    }
    return { rows: rows.subarray(0, known).toSorted(), unknown: ids.length - known };
  }

  /** The verdict on a row that is not in the truth. */
  #verdict(request: number, row: number): Verdict {
    const key = request * this.#options.catalogue.count + row;
    let verdict = this.#memo.get(key);
    if (verdict === undefined) {
      verdict = this.#judge(request, row);
      if (this.#memo.size >= MEMO_SIZE) this.#memo.clear();
      this.#memo.set(key, verdict);
    }
    return verdict;
  }

  #judge(position: number, row: number): Verdict {
    const { catalogue, requests, truth } = this.#options;
    const request = requests[position]!;
    const isEligible = matches(this.#filters.get(request.filter), catalogue, row);
    if (!isEligible || request.exclude.includes(catalogue.ids[row]!)) return "violation";
    const { embeddings, dim } = catalogue;
    const value = itemValue({ embeddings, dim, queries: this.#queries.of(request.user) }, row);
    // The row is eligible and not in the truth: so the truth is not empty.
    const least = truth.values[truth.offsets[position + 1]! - 1]!;
    return value >= least - TOLERANCE * Math.max(1, Math.abs(least)) ? "hit" : "miss";
  }
}
