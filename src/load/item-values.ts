import type { Dataset } from "../dataset/dataset.ts";
import { bindFormula, type BoundFormula } from "../retrieval/formula/bind.ts";
import { evaluateFormula, rankingValue } from "../retrieval/formula/evaluate.ts";
import type { LiveItem } from "../retrieval/live-item.ts";
import type { ModelSpec } from "../retrieval/model-spec.ts";
import { createModel, type RetrievalModel } from "../retrieval/model.ts";
import { type OverArchScorer, overArchScorer } from "../retrieval/over-arch/over-arch-scorer.ts";

/** What the value of an item is made of. */
export interface ValuedItem {
  readonly embedding: ArrayLike<number>;
  readonly dense: ArrayLike<number>;
  /** A row whose attributes the formula finds as it would find the item's. */
  readonly attributesOf: number;
}

/** A new version of an item that was as it was built. */
export interface NewVersion {
  readonly row: number;
  readonly item: LiveItem;
  /** The row whose attributes the item has, but for its number. */
  readonly like: number;
}

/** What an item is worth to a user, before and after it changed. */
export interface TwoValues {
  readonly userId: number;
  readonly before: number;
  readonly after: number;
}

/** Users of whom the one is taken whom the change concerns most. */
const USERS = 8;

/** A difference of this share tells two values apart, however coarsely a system computes. */
const LEAST_SHARE = 0.1;

/**
 * The model's value of single items, in float64: tells of which version of an item an answer is.
 * That the item passes a filter tells it of the filter only, and not of what ranks it.
 */
export class ItemValues {
  readonly #dataset: Pick<Dataset, "catalogue" | "users">;
  readonly #model: RetrievalModel;
  readonly #formula: BoundFormula;
  readonly #scorer: OverArchScorer | null;

  constructor(dataset: Pick<Dataset, "catalogue" | "users">, spec: ModelSpec) {
    const { dim, denseDim, columns } = dataset.catalogue;
    this.#dataset = dataset;
    this.#model = createModel(spec, { userDim: dataset.users.dim, dim, denseDim });
    const { overArch, tasks, formula } = this.#model;
    this.#formula = bindFormula(formula, { tasks, columns });
    this.#scorer = overArch === null ? null : overArchScorer(overArch);
  }

  /**
   * The values of both versions for one of some users, the one for whom they differ most.
   * @param draw gives a user's row.
   * @returns null where nobody can tell them apart.
   */
  ofVersions({ row, item, like }: NewVersion, draw: () => number): TwoValues | null {
    const { embeddings, dim, dense, denseDim } = this.#dataset.catalogue;
    const before: ValuedItem = {
      embedding: embeddings.subarray(row * dim, (row + 1) * dim),
      dense: dense.subarray(row * denseDim, (row + 1) * denseDim),
      attributesOf: row,
    };
    const after: ValuedItem = { ...item, attributesOf: like };
    let best: TwoValues | null = null;
    let most = LEAST_SHARE;
    for (let nth = 0; nth < USERS; nth++) {
      const user = draw();
      const values = [this.valueOf(user, before), this.valueOf(user, after)] as const;
      const share = Math.abs(values[1] - values[0]) / Math.max(...values.map(Math.abs));
      // Of two zeros it is no number.
      if (!(share > most)) continue;
      most = share;
      best = { userId: this.#dataset.users.ids[user]!, before: values[0], after: values[1] };
    }
    return best;
  }

  /** @param user A user's row. */
  valueOf(user: number, { embedding, dense, attributesOf }: ValuedItem): number {
    const { users, catalogue } = this.#dataset;
    const features = users.features.subarray(user * users.dim, (user + 1) * users.dim);
    const queries = this.#model.queryVectors(features);
    const products = new Float64Array(this.#model.heads);
    const { dim } = this.#model;
    for (let at = 0; at < queries.length; at++) {
      const head = Math.floor(at / dim);
      products[head] = products[head]! + queries[at]! * embedding[at % dim]!;
    }
    const logits = new Float64Array(this.#model.tasks.length);
    if (this.#scorer !== null) {
      const side = new Float64Array(this.#scorer.itemWidth);
      this.#scorer.itemSide(Float64Array.of(...Array.from(embedding), ...Array.from(dense)), side);
      const own = this.#scorer.userSide(Float64Array.from(features));
      this.#scorer.logits(own, side, products, logits);
    }
    const score = Math.max(...products);
    return rankingValue(
      evaluateFormula(this.#formula, { catalogue, row: attributesOf, score, logits }),
    );
  }
}
