import { setImmediate } from "node:timers/promises";
import { HarnessError } from "../errors.ts";
import type { Catalogue, Users } from "./catalogue.ts";
import { bindFilter, type BoundFilter } from "./filter/bind.ts";
import { parseFilter } from "./filter/grammar.ts";
import { IdMap } from "./id-map.ts";
import type { ModelSpec } from "./model-spec.ts";
import { createModel } from "./model.ts";
import { scanItems, type ScanOutcome, type ScanTask } from "./oracle-scan.ts";
import { scanInThreads } from "./oracle-threads.ts";
import type { RetrievalRequest } from "./request.ts";
import { UserQueries } from "./user-queries.ts";

/** The exact answers to R requests. */
export interface Truth {
  /** [R + 1] request r's answer is `offsets[r] .. offsets[r + 1]` of rows and values. */
  readonly offsets: Uint32Array;
  /** Best first: value descending, row ascending; min(k, eligible) a request. */
  readonly rows: Uint32Array;
  readonly values: Float64Array;
  /** [R] items that pass the filter and are not excluded. */
  readonly eligible: Uint32Array;
  /** [R] items that pass the filter. */
  readonly passing: Uint32Array;
}

export interface TruthOptions {
  readonly catalogue: Catalogue;
  readonly users: Users;
  readonly model: ModelSpec;
  readonly requests: readonly RetrievalRequest[];
  /** Threads to use, at least 1. The answer does not depend on it. */
  readonly threads: number;
  /** @param fraction 0..1 of the requests answered. */
  readonly onProgress: (phase: string, fraction: number) => void;
  readonly signal: AbortSignal;
}

/** Requests answered in one pass: enough to pay for bringing the items into cache. */
const TASK_REQUESTS = 64;

/** Multiplications below which a thread costs more than it saves: a fraction of a second. */
const INLINE_WORK = 50_000_000;

/**
 * The oracle: the retrieval model computed exhaustively in float64 with exact filters. It shares
 * no code with the systems beyond the filter's meaning and the model's weights.
 *
 * @throws HarnessError BAD_INPUT on the first request that cannot be answered, with its position.
 */
export async function computeTruth(options: TruthOptions): Promise<Truth> {
  const { catalogue, requests, threads, onProgress, signal } = options;
  const plan = new Plan(options);
  const outcomes: ScanOutcome[] = [];
  let answered = 0;
  const onOutcome = (index: number, outcome: readonly ScanOutcome[]): void => {
    for (const [at, request] of plan.taskRequests(index).entries())
      outcomes[request] = outcome[at]!;
    answered += outcome.length;
    onProgress("truth", answered / requests.length);
  };
  const task = (index: number): ScanTask => plan.task(index);
  const work = requests.length * catalogue.count * catalogue.dim * options.model.heads;
  if (work > INLINE_WORK) {
    await scanInThreads({ catalogue, tasks: plan.tasks, task, onOutcome, threads, signal });
  } else {
    for (let index = 0; index < plan.tasks; index++) {
      signal.throwIfAborted();
      onOutcome(index, scanItems(catalogue, task(index)));
      await setImmediate();
    }
  }
  return toTruth(outcomes);
}

/** Which requests are answered together, and all that a task needs to know of them. */
class Plan {
  readonly #requests: readonly RetrievalRequest[];
  readonly #queries: UserQueries;
  readonly #itemRows: IdMap;
  /** Distinct filters, and the position among them of each request's. */
  readonly #filters: readonly BoundFilter[];
  readonly #filterOf: Uint32Array;
  /** The requests, those with the same filter side by side. */
  readonly #order: Uint32Array;
  readonly #taskSize: number;
  readonly tasks: number;

  constructor({ catalogue, users, model: spec, requests, threads }: TruthOptions) {
    const { dim, denseDim } = catalogue;
    const model = createModel(spec, { userDim: users.dim, dim, denseDim });
    this.#requests = requests;
    this.#queries = new UserQueries(users, model);
    this.#itemRows = new IdMap(catalogue.ids);
    const { filters, filterOf } = bindDistinct(requests, catalogue);
    this.#filters = filters;
    this.#filterOf = filterOf;
    this.#order = Uint32Array.from(requests.keys()).toSorted(
      (a, b) => filterOf[a]! - filterOf[b]! || a - b,
    );
    for (const [position, { k }] of requests.entries()) requireCandidates(spec, k, position);
    // Some tasks a thread even where requests are few, so that the threads end together.
    const share = Math.ceil(requests.length / (4 * Math.max(1, threads)));
    this.#taskSize = Math.max(1, Math.min(TASK_REQUESTS, share));
    this.tasks = Math.ceil(requests.length / this.#taskSize);
  }

  /** Positions of the requests of a task. */
  taskRequests(index: number): Uint32Array {
    return this.#order.subarray(index * this.#taskSize, (index + 1) * this.#taskSize);
  }

  task(index: number): ScanTask {
    const filters: BoundFilter[] = [];
    let last = -1;
    const requests = Array.from(this.taskRequests(index), (position) => {
      const filter = this.#filterOf[position]!;
      if (filter !== last) filters.push(this.#filters[filter]!);
      last = filter;
      const { k, user, exclude } = this.#requests[position]!;
      return {
        filter: filters.length - 1,
        k,
        queries: withPosition(position, () => this.#queries.of(user)),
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

function toTruth(outcomes: readonly ScanOutcome[]): Truth {
  const offsets = new Uint32Array(outcomes.length + 1);
  for (const [at, { rows }] of outcomes.entries()) offsets[at + 1] = offsets[at]! + rows.length;
  const total = offsets.at(-1)!;
  const rows = new Uint32Array(total);
  const values = new Float64Array(total);
  for (const [at, outcome] of outcomes.entries()) {
    rows.set(outcome.rows, offsets[at]);
    values.set(outcome.values, offsets[at]);
  }
  return {
    offsets,
    rows,
    values,
    eligible: Uint32Array.from(outcomes, ({ eligible }) => eligible),
    passing: Uint32Array.from(outcomes, ({ passing }) => passing),
  };
}
