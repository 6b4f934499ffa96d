import type { Dataset } from "../../../src/dataset/dataset.ts";
import { Random } from "../../../src/math/random.ts";
import type { RetrievalRequest, UserRef } from "../../../src/retrieval/request.ts";
import type { SoakSize } from "./soak-size.ts";

/** Every operator, every kind of column, all, some and none of the items. */
const FILTERS = [
  "",
  "lang:en",
  "lang:en AND age_days <= 30",
  "NOT lang:en OR age_days > 300",
  "lang IN (en, de) AND NOT age_days <= 7",
  "lang:en AND (topic:music OR topic:pop) AND country IN (us, gb) AND NOT creator:42 AND age_days <= 40",
  "price >= 5 AND price < 20 AND u < 50",
  "NOT (topic:news OR topic:sport OR topic:football)",
  "topic:music AND NOT topic:music",
];
const MOST_EXCLUDED = 100;

/** Requests of every kind, drawn from a seed. */
export class SoakRequests {
  readonly #dataset: Dataset;
  readonly #size: SoakSize;
  readonly #random = new Random(5);

  constructor(dataset: Dataset, size: SoakSize) {
    this.#dataset = dataset;
    this.#size = size;
  }

  batch(): RetrievalRequest[] {
    const { batch, k } = this.#size;
    // The first asks for as many as there may be, so that all batches need as much room.
    return Array.from({ length: batch }, (_, at) => this.#request(at === 0 ? k : undefined));
  }

  #request(k = 1 + this.#random.int(this.#size.k)): RetrievalRequest {
    const random = this.#random;
    const { ids } = this.#dataset.catalogue;
    const excluded = random.int(8) === 0 ? random.int(MOST_EXCLUDED) : 0;
    return {
      user: this.#user(),
      k,
      filter: FILTERS[random.int(FILTERS.length)]!,
      exclude: Float64Array.from({ length: excluded }, () => ids[random.int(ids.length)]!),
    };
  }

  /** Most are known; some bring their features along. */
  #user(): UserRef {
    const { count, dim, ids, features } = this.#dataset.users;
    const user = this.#random.int(count);
    if (this.#random.int(8) > 0) return { kind: "id", id: ids[user]! };
    return { kind: "features", features: features.subarray(user * dim, (user + 1) * dim) };
  }
}
