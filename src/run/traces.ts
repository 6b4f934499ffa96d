import { availableParallelism } from "node:os";
import { dirname, resolve } from "node:path";
import type { Dataset } from "../dataset/dataset.ts";
import type { ResolveOptions } from "../dataset/resolve.ts";
import { loadTruth } from "../dataset/truth.ts";
import type { Workload } from "../dataset/workload.ts";
import type { DoorLimits } from "../door/retriever.ts";
import { HarnessError } from "../errors.ts";
import { readTrace, type StoredTrace } from "../load/trace.ts";
import { AnswerScorer } from "../measure/recall.ts";
import type { ModelSpec } from "../retrieval/model-spec.ts";
import type { LoadedScenario } from "../scenario/load-scenario.ts";
import type { Questions } from "./questions.ts";

/**
 * The requests of every `replay` load, with the right answers to them, by the load's name.
 * @throws HarnessError BAD_INPUT naming file and line of what a trace has wrong.
 */
export async function loadTraces(
  { scenario, path }: LoadedScenario,
  { dataset, model }: Workload,
  options: ResolveOptions,
): Promise<Map<string, Questions>> {
  const questions = new Map<string, Questions>();
  for (const [name, spec] of Object.entries(scenario.loads)) {
    if (spec.shape !== "replay") continue;
    const file = resolve(dirname(path), spec.trace);
    const trace = await readTrace(file, limitsOf(dataset, model));
    requireCandidates(trace, model, file);
    const { requests } = trace;
    const truth = await loadTruth({
      dataset,
      model,
      requests,
      requestsHash: trace.hash,
      threads: availableParallelism(),
      ...options,
    });
    const scorer = new AnswerScorer({ ...dataset, model, requests, truth });
    const numbers = Uint32Array.from(requests.keys());
    questions.set(name, { requests, scorer, numbers, templateOf: null, trace });
  }
  return questions;
}

/** What a door over this dataset takes; how many at once is no matter of a trace. */
export function limitsOf({ catalogue, users }: Dataset, model: ModelSpec): DoorLimits {
  return {
    items: catalogue.count,
    userDim: users.dim,
    queryDim: model.overarch === "none" ? model.heads * catalogue.dim : 0,
    maxInFlight: 100_000,
  };
}

function requireCandidates({ requests }: StoredTrace, model: ModelSpec, file: string): void {
  const at = requests.findIndex(({ k }) => k > model.candidates);
  if (at === -1) return;
  const text = `request ${at + 1} wants ${requests[at]!.k} items, more than model.candidates = ${model.candidates}`;
  throw new HarnessError("BAD_INPUT", text, { where: file });
}
