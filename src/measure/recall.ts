import { IdMap } from "../retrieval/id-map.ts";
import { RowJudge, type JudgeOptions, type Verdict } from "./row-judge.ts";

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

/** Verdicts on rows outside the truth that are remembered before all are forgotten. */
const MEMO_SIZE = 1_000_000;

/**
 * Scores answers against the oracle. A hit is an eligible item whose oracle value is at least
 * v_k - 1e-5 max(1, |v_k|), v_k being the least value of the truth: so an answer that chose
 * differently among ties, or rounded differently, loses nothing.
 *
 * Where the value is more than the score, only candidates have one: an item that no head of the
 * oracle holds is a miss, however well the OverArch would speak of it. The border of a head's K0
 * has the same tolerance as v_k.
 */
export class AnswerScorer {
  readonly #options: JudgeOptions;
  readonly #rows: IdMap;
  readonly #judge: RowJudge;
  /** As `truth.rows`, each request's ascending. */
  readonly #truthRows: Uint32Array;
  /** request x items + row -> verdict. */
  readonly #memo = new Map<number, Verdict>();

  constructor(options: JudgeOptions) {
    const { catalogue, truth } = options;
    this.#options = options;
    this.#rows = new IdMap(catalogue.ids);
    this.#judge = new RowJudge(options);
    this.#truthRows = new Uint32Array(truth.rows.length);
    for (let request = 0; request + 1 < truth.offsets.length; request++) {
      const from = truth.offsets[request]!;
      const answer = truth.rows.subarray(from, truth.offsets[request + 1]);
      this.#truthRows.set(answer.toSorted(), from);
    }
  }

  /** Whether there is a truth that answers to the request can be held against. */
  knows(request: number): boolean {
    return request % (this.#options.every ?? 1) === 0;
  }

  /**
   * Scores one answer; its order does not matter.
   *
   * @param request position of the request, which is known.
   * @param ids what was answered.
   */
  score(request: number, ids: Float64Array): AnswerScore {
    const { truth: answers, every = 1 } = this.#options;
    const [from, end] = answers.offsets.subarray(request / every, request / every + 2);
    const truth = this.#truthRows.subarray(from, end);
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
      verdict = this.#judge.verdict(request, row);
      if (this.#memo.size >= MEMO_SIZE) this.#memo.clear();
      this.#memo.set(key, verdict);
    }
    return verdict;
  }
}
