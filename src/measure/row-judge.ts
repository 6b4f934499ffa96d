import type { Catalogue, Users } from "../retrieval/catalogue.ts";
import { CandidateRanker, rankingOf } from "../retrieval/candidate-ranker.ts";
import { bindFilter, type BoundFilter } from "../retrieval/filter/bind.ts";
import { matches } from "../retrieval/filter/evaluate.ts";
import { parseFilter } from "../retrieval/filter/grammar.ts";
import { innerProducts } from "../retrieval/inner-products.ts";
import { itemVectors, type ItemVectors } from "../retrieval/item-vectors.ts";
import type { ModelSpec } from "../retrieval/model-spec.ts";
import { createModel } from "../retrieval/model.ts";
import type { Truth } from "../retrieval/oracle.ts";
import type { RetrievalRequest } from "../retrieval/request.ts";
import { UserQueries } from "../retrieval/user-queries.ts";

/** Requests, and what their answers are judged by. */
export interface JudgeOptions {
  readonly catalogue: Catalogue;
  readonly users: Users;
  readonly model: ModelSpec;
  readonly requests: readonly RetrievalRequest[];
  /** The oracle's answers to those requests, or to each `every`-th of them. */
  readonly truth: Truth;
  /** Absent: to all of them. */
  readonly every?: number;
}

/** What an item outside the truth is to a request: as good as its last, worse, or forbidden. */
export type Verdict = "hit" | "miss" | "violation";

/** How far below a border, relative to it, a number may lie and still count as on it. */
const TOLERANCE = 1e-5;

const isOnOrAbove = (value: number, border: number): boolean =>
  border === -Infinity || value >= border - TOLERANCE * Math.max(1, Math.abs(border));

/** All of a request that its rows are judged by. */
interface Case {
  readonly request: number;
  readonly filter: BoundFilter;
  readonly excluded: ReadonlySet<number>;
  /** float64 [heads, dim] */
  readonly queries: Float64Array;
  readonly userSide: Float64Array;
  /** [heads]; empty where the value is the score. */
  readonly borders: Float64Array;
  /** The least value of the truth. */
  readonly least: number;
}

/** Judges items that are not in the truth by the model itself, in float64. */
export class RowJudge {
  readonly #options: JudgeOptions;
  readonly #queries: UserQueries;
  readonly #heads: number;
  readonly #readsFeatures: boolean;
  /** Null where the value is the score. */
  readonly #ranker: CandidateRanker | null;
  readonly #vectors: ItemVectors;
  readonly #item: Float64Array;
  readonly #products: Float64Array;
  /** Rows are asked for answer by answer, so the last request is the one to remember. */
  #case: Case | null = null;

  constructor(options: JudgeOptions) {
    const { catalogue, users, model: spec } = options;
    const { dim, denseDim } = catalogue;
    const model = createModel(spec, { userDim: users.dim, dim, denseDim });
    const ranking = rankingOf(spec, model, catalogue.columns);
    this.#options = options;
    this.#queries = new UserQueries(users, model);
    this.#heads = model.heads;
    this.#readsFeatures = model.overArch !== null;
    this.#ranker = ranking === null ? null : new CandidateRanker(catalogue, ranking);
    this.#vectors = itemVectors(catalogue);
    this.#item = new Float64Array(dim);
    this.#products = new Float64Array(model.heads);
  }

  /** @param row one that is not in the truth of the request, which has one. */
  verdict(request: number, row: number): Verdict {
    if (this.#case?.request !== request) this.#case = this.#open(request);
    const { filter, excluded, least } = this.#case;
    const { catalogue } = this.#options;
    if (!matches(filter, catalogue, row) || excluded.has(catalogue.ids[row]!)) return "violation";
    const value = this.#value(this.#case, row);
    return value !== null && isOnOrAbove(value, least) ? "hit" : "miss";
  }

  #open(request: number): Case {
    const { requests, truth, catalogue, every = 1 } = this.#options;
    const at = request / every;
    const { user, filter, exclude } = requests[request]!;
    const features = this.#readsFeatures ? this.#queries.features(user) : new Float64Array(0);
    const heads = this.#ranker === null ? 0 : this.#heads;
    return {
      request,
      filter: bindFilter(parseFilter(filter), catalogue.columns),
      excluded: new Set(exclude),
      queries: this.#queries.of(user),
      userSide: this.#ranker?.userSide(features) ?? features,
      borders: truth.borders.subarray(at * heads, (at + 1) * heads),
      // An eligible row that is not in the truth means that the truth is not empty.
      least: truth.values[truth.offsets[at + 1]! - 1]!,
    };
  }

  /** The value of an eligible row; null where it is no candidate. */
  #value({ queries, userSide, borders }: Case, row: number): number | null {
    const products = this.#products;
    this.#vectors.fill(row, row + 1, this.#item);
    innerProducts(this.#item, queries, products);
    let score: number | null = null;
    for (const [head, product] of products.entries()) {
      const isHeld = this.#ranker === null || isOnOrAbove(product, borders[head]!);
      if (isHeld && (score === null || product > score)) score = product;
    }
    if (score === null || this.#ranker === null) return score;
    return this.#ranker.value(userSide, { row, products, score });
  }
}
