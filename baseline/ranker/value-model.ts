import { TopK } from "../../src/math/top-k.ts";
import type { NumericColumn } from "../../src/retrieval/catalogue.ts";
import type { BoundFormula } from "../../src/retrieval/formula/bind.ts";
import { evaluateFormula, rankingValue } from "../../src/retrieval/formula/evaluate.ts";
import type { RankedRows, Ranking } from "../services.ts";

/** What is known of the candidates of a run. */
export interface CandidateFacts {
  /** float32[tasks, places] */
  readonly logits: Float32Array;
  readonly tasks: number;
  /** float32[places] a quantity of the formula. */
  readonly quantities: readonly Float32Array[];
  /** In all of the run. */
  readonly places: number;
}

/** The Value Model: candidates by the value that a formula gives them. */
export class ValueModel {
  readonly #formula: BoundFormula;

  /** @param formula Over quantities, see `overQuantities`. */
  constructor(formula: BoundFormula) {
    this.#formula = formula;
  }

  /**
   * The k best candidates of a ranking.
   * @param first Place of its first candidate; the others follow.
   */
  best({ rows, scores, k }: Ranking, facts: CandidateFacts, first: number): RankedRows {
    const { tasks, places } = facts;
    const columns = facts.quantities.map((values): NumericColumn => ({
      kind: "numeric",
      name: "",
      values,
    }));
    const logits = new Float64Array(tasks);
    const input = { catalogue: { columns }, row: 0, score: 0, logits };
    const top = new TopK(Math.min(k, rows.length));
    for (let i = 0; i < rows.length; i++) {
      const place = first + i;
      for (let task = 0; task < tasks; task++) {
        logits[task] = facts.logits[task * places + place]!;
      }
      input.row = place;
      input.score = scores[i]!;
      top.push(rankingValue(evaluateFormula(this.#formula, input)), rows[i]!);
    }
    const best = top.take();
    return { rows: best.rows, values: Float32Array.from(best.values) };
  }
}
