import type { Dataset } from "../../../src/dataset/dataset.ts";
import { Random } from "../../../src/math/random.ts";
import type { RetrievalRequest, UserRef } from "../../../src/retrieval/request.ts";
import type { SoakSize } from "./soak-size.ts";

/** Every operator and every kind of column. */
const USUAL = [
  "",
  "lang:en",
  "age_days <= 90 OR topic:music",
  "NOT lang:en OR age_days > 300",
  "NOT (topic:news OR topic:sport OR topic:football) AND u < 80",
  "lang IN (en, de, es, fr) OR NOT country IN (us, gb) AND price >= 5",
];
/** Which few items pass, or none, so that they are looked for in all clusters. */
const RARE = [
  "lang:en AND (topic:music OR topic:pop) AND country IN (us, gb) AND NOT creator:42 AND age_days <= 40",
  "topic:music AND NOT topic:music",
];
/** One request of so many has one of these. */
const RARE_OF = 32;
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
    const random = this.#random;
    return Array.from({ length: batch }, () => {
      const filters = random.int(RARE_OF) === 0 ? RARE : USUAL;
      return this.#request(1 + random.int(k), filters[random.int(filters.length)]!);
    });
  }

  /** Which needs as much room as any may: as many as there may be, in all clusters. */
  largestBatch(): RetrievalRequest[] {
    return Array.from({ length: this.#size.batch }, () =>
      this.#request(this.#size.k, RARE.at(-1)!),
    );
  }

  #request(k: number, filter: string): RetrievalRequest {
    const random = this.#random;
    const { ids } = this.#dataset.catalogue;
    const excluded = random.int(8) === 0 ? random.int(MOST_EXCLUDED) : 0;
    return {
      user: this.#user(),
      k,
      filter,
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
