import { HarnessError } from "../errors.ts";
import { rankingOf, type Ranking } from "./candidate-ranker.ts";
import type { Catalogue, Users } from "./catalogue.ts";
import { bindFilter, type BoundFilter } from "./filter/bind.ts";
import { parseFilter } from "./filter/grammar.ts";
import { IdMap } from "./id-map.ts";
import type { ModelSpec } from "./model-spec.ts";
import { createModel } from "./model.ts";
import type { ScanTask } from "./oracle-task.ts";
import type { RetrievalRequest } from "./request.ts";
import { UserQueries } from "./user-queries.ts";

export interface PlanOptions {
  readonly catalogue: Catalogue;
  readonly users: Users;
  readonly model: ModelSpec;
  readonly requests: readonly RetrievalRequest[];
  /** Threads to use, at least 1. The answer does not depend on it. */
  readonly threads: number;
}

/** Requests answered in one pass: enough to pay for bringing the items into cache. */
const TASK_REQUESTS = 64;

/** Which requests are answered together, and all that a task needs to know of them. */
export class OraclePlan {
  readonly #requests: readonly RetrievalRequest[];
  readonly #queries: UserQueries;
  readonly #readsFeatures: boolean;
  readonly #itemRows: IdMap;
  /** Distinct filters, and the position among them of each request's. */
  readonly #filters: readonly BoundFilter[];
  readonly #filterOf: Uint32Array;
  /** The requests, those with the same filter side by side. */
  readonly #order: Uint32Array;
  readonly #taskSize: number;
  /** What ranks the candidates; null where an item's value is its score. */
  readonly ranking: Ranking | null;

  constructor({ catalogue, users, model: spec, requests, threads }: PlanOptions) {
    const { dim, denseDim } = catalogue;
    const model = createModel(spec, { userDim: users.dim, dim, denseDim });
    this.#requests = requests;
    this.#readsFeatures = model.overArch !== null;
    this.ranking = rankingOf(spec, model, catalogue.columns);
    this.#queries = new UserQueries(users, model);
    this.#itemRows = new IdMap(catalogue.ids);
    const { filters, filterOf } = bindDistinct(requests, catalogue);
    this.#filters = filters;
    this.#filterOf = filterOf;
    const order = Uint32Array.from(requests.keys()).toSorted(
      (a, b) => filterOf[a]! - filterOf[b]! || a - b,
    );
    for (const [position, { k }] of requests.entries()) requireCandidates(spec, k, position);
    // Some tasks a thread even where requests are few, so that the threads end together.
    const share = Math.ceil(requests.length / (4 * Math.max(1, threads)));
    this.#order = order;
    this.#taskSize = Math.max(1, Math.min(TASK_REQUESTS, share));
  }

  get tasks(): number {
    return Math.ceil(this.#order.length / this.#taskSize);
  }

  /** Positions of the requests of a task. */
  taskRequests(index: number): Uint32Array {
    return this.#order.subarray(index * this.#taskSize, (index + 1) * this.#taskSize);
  }

  /** All requests, in the order of `whole`. */
  get requests(): Uint32Array {
    return this.#order;
  }

  /** All requests as one task. */
  whole(): ScanTask {
    return this.#taskOf(this.#order);
  }

  task(index: number): ScanTask {
    return this.#taskOf(this.taskRequests(index));
  }

  #taskOf(positions: Uint32Array): ScanTask {
    const filters: BoundFilter[] = [];
    let last = -1;
    const requests = Array.from(positions, (position) => {
      const filter = this.#filterOf[position]!;
      if (filter !== last) filters.push(this.#filters[filter]!);
      last = filter;
      const { k, user, exclude } = this.#requests[position]!;
      return {
        filter: filters.length - 1,
        k,
        queries: withPosition(position, () => this.#queries.of(user)),
        features: this.#readsFeatures ? this.#queries.features(user) : new Float64Array(0),
        excluded: excludedRows(exclude, this.#itemRows),
      };
    });
    return { filters, requests };
  }
}

/** Binds each distinct filter text once; texts that mean the same share one bound filter. */
function bindDistinct(
  requests: readonly RetrievalRequest[],
  { columns }: Catalogue,
): { filters: BoundFilter[]; filterOf: Uint32Array } {
  const filters: BoundFilter[] = [];
  const byText = new Map<string, number>();
  const byMeaning = new Map<string, number>();
  const filterOf = Uint32Array.from(requests, ({ filter: text }, position) => {
    let index = byText.get(text);
    if (index !== undefined) return index;
    const bound = withPosition(position, () => bindFilter(parseFilter(text), columns));
    const meaning = JSON.stringify(bound);
    index = byMeaning.get(meaning) ?? filters.push(bound) - 1;
    byMeaning.set(meaning, index);
    byText.set(text, index);
    return index;
  });
  return { filters, filterOf };
}

/** Rows of the excluded ids, ascending, each once; unknown ids are left out. */
function excludedRows(exclude: Float64Array, rows: IdMap): Uint32Array {
  const found = new Set<number>();
  for (const id of exclude) {
    const row = rows.rowOf(id);
    if (row >= 0) found.add(row);
  }
  return Uint32Array.from(found).toSorted();
}

function requireCandidates(spec: ModelSpec, k: number, position: number): void {
  if (k <= spec.candidates) return;
  throw new HarnessError(
    "BAD_INPUT",
    `request ${position} wants k = ${k}, but the model keeps only ${spec.candidates} candidates a head`,
    { where: "model.candidates", hint: "raise model.candidates or lower requests.k" },
  );
}

function withPosition<T>(position: number, make: () => T): T {
  try {
    return make();
  } catch (thrown) {
    const { code, message, hint, where } = HarnessError.from(thrown);
    throw new HarnessError(code, `request ${position}: ${message}`, {
      cause: thrown,
      ...(hint === undefined ? {} : { hint }),
      ...(where === undefined ? {} : { where }),
    });
  }
}
