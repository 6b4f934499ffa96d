import { availableParallelism } from "node:os";
import type { Workload } from "../dataset/workload.ts";
import { turns } from "../load/turns.ts";
import type { CpuPlan } from "../measure/cpu-set.ts";
import { keepOnCpus } from "../measure/cpu-set.ts";
import { AnswerScorer } from "../measure/recall.ts";
import type { Bundle } from "../result/bundle.ts";
import type { ResultDraft } from "../result/result-draft.ts";
import type { Scenario } from "../scenario/schema.ts";
import { measureTurn, type TurnContext } from "./measure-turn.ts";
import { readyUnit } from "./ready-unit.ts";
import { type Unit, Units } from "./units.ts";

export interface RoundsContext {
  readonly scenario: Scenario;
  readonly workload: Workload;
  readonly cpus: CpuPlan;
  readonly cacheFolder: string;
  readonly bundle: Bundle;
  readonly draft: ResultDraft;
  readonly onProgress: (phase: string, fraction: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Starts all systems, checks and warms them, and passes over them round by round. Each point is
 * in the journal and the draft before the next begins; every process is gone when this ends.
 *
 * @throws HarnessError INVALID once a process of a system has died; the signal's reason on abort.
 */
export async function measureRounds(context: RoundsContext): Promise<void> {
  const { scenario, workload, cpus, draft, bundle, onProgress } = context;
  await using units = await Units.start(scenario, {
    dataset: workload.location,
    model: workload.model,
    cpus: cpus.system,
    cacheFolder: context.cacheFolder,
    onProgress,
    signal: context.signal,
  });
  for (const unit of units.all) draft.addSystem(unit.system, describe(unit, cpus.system));
  await using _ = await keepOnCpus(cpus.client);

  const turnContext: TurnContext = {
    scenario,
    requests: workload.requests.requests,
    scorer: new AnswerScorer({
      ...workload.dataset,
      model: workload.model,
      requests: workload.requests.requests,
      truth: workload.truth,
    }),
    systemCores: cpus.system?.length ?? availableParallelism(),
    signal: AbortSignal.any([context.signal, units.death]),
  };
  for (const [at, unit] of units.all.entries()) {
    onProgress(`warm up ${unit.system}`, at / units.all.length);
    for (const doubt of await readyUnit(unit, turnContext)) draft.addDoubt(doubt);
  }

  const order = turns(
    units.all,
    Object.keys(scenario.loads),
    scenario.rounds,
    scenario.seeds.order,
  );
  for (const [at, turn] of order.entries()) {
    onProgress(`round ${turn.round} of ${scenario.rounds}`, at / order.length);
    const { point, latency } = await measureTurn(turn, turnContext);
    draft.addPoint(await bundle.addPoint(point, latency));
    // A death under load gave a point that says so; it ends the run all the same.
    turnContext.signal.throwIfAborted();
  }
}

function describe(
  { running }: Unit,
  cpus: readonly number[] | null,
): Parameters<ResultDraft["addSystem"]>[1] {
  const { kind, engine, device, settings, processes, build } = running;
  return {
    kind,
    engine,
    device,
    settings: { ...settings },
    processes: processes.map(({ role }) => role),
    cpus: cpus === null ? null : [...cpus],
    build,
  };
}
