import type { Catalogue, Column } from "./catalogue.ts";
import { bindFormula, type BoundFormula } from "./formula/bind.ts";
import { evaluateFormula, rankingValue } from "./formula/evaluate.ts";
import type { ModelSpec } from "./model-spec.ts";
import { createModel, type RetrievalModel } from "./model.ts";
import { ItemFeatures } from "./over-arch/item-features.ts";
import { overArchScorer, type OverArchScorer } from "./over-arch/over-arch-scorer.ts";

/** What ranks candidates, as plain data: it travels to a thread. */
export interface Ranking {
  readonly spec: ModelSpec;
  readonly userDim: number;
  readonly formula: BoundFormula;
}

/**
 * What ranks a model's candidates over a catalogue; null where an item's value is its score.
 *
 * @throws HarnessError BAD_INPUT where the formula speaks of what is not there.
 */
export function rankingOf(
  spec: ModelSpec,
  model: RetrievalModel,
  columns: readonly Column[],
): Ranking | null {
  if (model.scoreOnly) return null;
  const formula = bindFormula(model.formula, { tasks: model.tasks, columns });
  return { spec, userDim: model.userDim, formula };
}

/** What the ranker reads of a catalogue. */
export type RankedCatalogue = Pick<
  Catalogue,
  "count" | "dim" | "embeddings" | "generated" | "denseDim" | "dense" | "columns"
>;

/** One candidate of a user. */
export interface Candidate {
  readonly row: number;
  /** float64 [heads] its inner product with each head's query vector. */
  readonly products: Float64Array;
  /** The largest of those of the heads that hold it. */
  readonly score: number;
}

/** OverArch and Value Model in float64: from a candidate to the value it is ranked by. */
export class CandidateRanker {
  readonly #catalogue: RankedCatalogue;
  readonly #formula: BoundFormula;
  readonly #scorer: OverArchScorer | null;
  readonly #items: ItemSides | null;
  readonly #logits: Float64Array;

  constructor(catalogue: RankedCatalogue, { spec, userDim, formula }: Ranking) {
    const { dim, denseDim } = catalogue;
    const { overArch, tasks } = createModel(spec, { userDim, dim, denseDim });
    this.#catalogue = catalogue;
    this.#formula = formula;
    this.#scorer = overArch === null ? null : overArchScorer(overArch);
    this.#items = this.#scorer === null ? null : new ItemSides(catalogue, this.#scorer);
    this.#logits = new Float64Array(tasks.length);
  }

  /**
   * What depends on the user alone, made once a request and handed to `value`; empty without an
   * OverArch.
   *
   * @param features [userDim]; they are not looked at without an OverArch.
   */
  userSide(features: Float64Array): Float64Array {
    return this.#scorer === null ? new Float64Array(0) : this.#scorer.userSide(features);
  }

  /** The value of a candidate, within the finite float32 range; see `rankingValue`. */
  value(userSide: Float64Array, { row, products, score }: Candidate): number {
    if (this.#scorer !== null) {
      this.#scorer.logits(userSide, this.#items!.of(row), products, this.#logits);
    }
    const input = { catalogue: this.#catalogue, row, score, logits: this.#logits };
    return rankingValue(evaluateFormula(this.#formula, input));
  }
}

/** Bytes of item sides that are remembered; for a small catalogue, those of all items. */
const REMEMBERED_BYTES = 64 * 2 ** 20;

/** Item sides of an OverArch, each remembered until another item takes its place. */
class ItemSides {
  readonly #features: ItemFeatures;
  readonly #scorer: OverArchScorer;
  readonly #sides: Float64Array;
  /** Row + 1 that each place holds; 0: none. */
  readonly #holds: Uint32Array;

  constructor(catalogue: RankedCatalogue, scorer: OverArchScorer) {
    const most = Math.floor(REMEMBERED_BYTES / (8 * scorer.itemWidth));
    const places = Math.max(1, Math.min(catalogue.count, most));
    this.#features = new ItemFeatures(catalogue);
    this.#scorer = scorer;
    this.#sides = new Float64Array(places * scorer.itemWidth);
    this.#holds = new Uint32Array(places);
  }

  of(row: number): Float64Array {
    const place = row % this.#holds.length;
    const width = this.#scorer.itemWidth;
    const side = this.#sides.subarray(place * width, (place + 1) * width);
    if (this.#holds[place] !== row + 1) {
      this.#scorer.itemSide(this.#features.of(row), side);
      this.#holds[place] = row + 1;
    }
    return side;
  }
}
