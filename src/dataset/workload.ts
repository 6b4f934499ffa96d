import { availableParallelism } from "node:os";
import { HarnessError } from "../errors.ts";
import { rankingOf } from "../retrieval/candidate-ranker.ts";
import type { ModelSpec } from "../retrieval/model-spec.ts";
import { createModel } from "../retrieval/model.ts";
import type { Truth } from "../retrieval/oracle.ts";
import type { Scenario } from "../scenario/schema.ts";
import type { DatasetLocation } from "../system.ts";
import { readDataset } from "./folder.ts";
import type { Dataset } from "./dataset.ts";
import { generateRequests, type RequestSet } from "./requests.ts";
import { resolveDataset, type ResolveOptions } from "./resolve.ts";
import { loadTruth } from "./truth.ts";

/** Everything both systems are asked, and the right answers. */
export interface Workload {
  readonly location: DatasetLocation;
  readonly dataset: Dataset;
  readonly model: ModelSpec;
  readonly requests: RequestSet;
  /** The right answers to each `every`-th request, from the first on. */
  readonly truth: Truth;
  /** 1: the truth is of all requests. */
  readonly every: number;
}

/**
 * Builds or finds a scenario's dataset, draws its requests and computes the truth; all three are
 * the same for the same scenario and seeds.
 *
 * @throws HarnessError BAD_INPUT if scenario and dataset do not fit; DATA if the dataset is not to be had.
 */
export async function loadWorkload(scenario: Scenario, options: ResolveOptions): Promise<Workload> {
  const { seeds } = scenario;
  const location = await resolveDataset(scenario.dataset, seeds.data, options);
  const dataset = await readDataset(location.folder, {
    verify: true,
    generated: "accept",
    onProgress: options.onProgress,
  });
  const model: ModelSpec = { ...scenario.model, seed: seeds.model };
  checkFit(scenario, dataset, model);
  const requests = generateRequests(scenario.requests, seeds.requests, dataset);
  const every = sampleStep(scenario.requests);
  const truth = await loadTruth({
    dataset,
    model,
    requests: requests.requests.filter((_, at) => at % every === 0),
    requestsHash: every === 1 ? requests.hash : `${requests.hash}/${every}`,
    threads: availableParallelism(),
    ...options,
  });
  return { location, dataset, model, requests, truth, every };
}

/** Each so-manieth request is scored: at least as many as are wanted. */
const sampleStep = ({ distinct, scored = distinct }: Scenario["requests"]): number =>
  Math.max(1, Math.floor(distinct / scored));

/** What only the loaded dataset can tell of a scenario. */
function checkFit(scenario: Scenario, { catalogue, users, name }: Dataset, model: ModelSpec): void {
  const { k } = scenario.requests;
  if (k > catalogue.count) {
    throw new HarnessError(
      "BAD_INPUT",
      `expected at most ${catalogue.count}, the items of ${name}, came ${k}`,
      { where: "requests.k" },
    );
  }
  if (scenario.model.tower.kind === "identity" && users.dim !== catalogue.dim) {
    throw new HarnessError(
      "BAD_INPUT",
      `an identity tower needs user features of the items' ${catalogue.dim} dimensions, those of ${name} have ${users.dim}`,
      { where: "model.tower", hint: "use { kind: mlp, hidden: [...] }" },
    );
  }
  // The formula's names are known only now that the columns are.
  const dims = { userDim: users.dim, dim: catalogue.dim, denseDim: catalogue.denseDim };
  rankingOf(model, createModel(model, dims), catalogue.columns);
}
