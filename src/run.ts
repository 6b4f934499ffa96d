import { costRows } from "./cost/cost-rows.ts";
import { loadWorkload } from "./dataset/workload.ts";
import { HarnessError } from "./errors.ts";
import type { GateBudget } from "./gate/budget.ts";
import { judgeResult } from "./gate/judgement.ts";
import { fittingReference } from "./gate/reference.ts";
import { GateSettling } from "./gate/settling.ts";
import { planCpus } from "./measure/cpu-set.ts";
import { readMachine } from "./measure/machine.ts";
import { writeReport } from "./report/write-report.ts";
import { Bundle } from "./result/bundle.ts";
import type { Judgements } from "./result/result-draft.ts";
import { earlierPart } from "./result/earlier-part.ts";
import { ResultDraft } from "./result/result-draft.ts";
import type { GateVerdict, Result } from "./result/schema.ts";
import { measureRounds, type Measured } from "./run/measure-rounds.ts";
import { resultHeader } from "./run/result-header.ts";
import { systemCpus } from "./run/system-cpus.ts";
import { loadTraces } from "./run/traces.ts";
import type { Twins } from "./run/twins.ts";
import type { LoadedScenario } from "./scenario/load-scenario.ts";
import { loadPrices } from "./scenario/prices.ts";

export interface RunOptions {
  readonly loaded: LoadedScenario;
  /** Folder of the result bundle. */
  readonly out: string;
  /** Where datasets, indexes and artifacts are kept between runs. */
  readonly cacheFolder: string;
  /** Where a system stands against itself: these are compared instead of all others. */
  readonly twins?: Twins;
  /** A stored result, or a folder of them, that the gates compare with. */
  readonly reference?: string;
  /** What more rounds may cost where a gate is not settled by the scenario's. */
  readonly gateBudget?: GateBudget;
  /** Goes on with the bundle that an earlier run of the very same left unfinished. */
  readonly resume?: boolean;
  readonly onProgress: (progress: Progress) => void;
  readonly signal: AbortSignal;
}

export interface Progress {
  readonly phase: string;
  /** 0..1; NaN where it is not known. */
  readonly fraction: number;
  readonly detail?: string;
}

export interface Outcome {
  readonly result: Result;
  /** The bundle, with its report. */
  readonly folder: string;
  readonly gates: readonly GateVerdict[];
  /** Why the run did not complete; null where it did. */
  readonly failure: HarnessError | null;
}

/**
 * The main path, one scenario from question to report:
 *
 *   scenario ─▶ dataset, requests, truth ─▶ systems ─▶ rounds of load ─▶ points
 *                                     points ─▶ result ─▶ cost, gates ─▶ report
 *
 * Once there is a bundle, a run that is cut short still writes what it measured, marked
 * incomplete, and renders it; resumed, it measures only what is missing.
 *
 * @throws HarnessError if the run cannot begin: prices, dataset, reference or the bundle's folder;
 *   DATA if what is to be resumed is not the same run.
 */
export async function run(options: RunOptions): Promise<Outcome> {
  const { loaded, out, cacheFolder, signal } = options;
  const { scenario } = loaded;
  const onProgress = (phase: string, fraction: number): void =>
    options.onProgress({ phase, fraction });

  const prices = await loadPrices(loaded.pricesPath);
  const machine = await readMachine();
  const cpus = await planCpus(scenario.cpus);
  const workload = await loadWorkload(scenario, { cacheFolder, onProgress, signal });

  const traces = await loadTraces(loaded, workload, { cacheFolder, onProgress, signal });

  const twins = options.twins ?? null;
  const header = await resultHeader({ loaded, twins, workload, traces, machine, cpus });
  const systems = systemCpus(scenario, cpus);
  const reference = await fittingReference(options.reference, { ...header, systems });
  const judge = (judged: Result): Judgements => {
    const { rows, doubts } = costRows(judged, prices);
    const gates = judgeResult(scenario.gate, { ...judged, cost: [...rows] }, reference);
    return { cost: rows, doubts, gates };
  };
  const settling = options.gateBudget === undefined ? null : new GateSettling(options.gateBudget);

  const earlier = options.resume === true ? await earlierPart(out, header) : null;
  await using bundle = await (earlier === null ? Bundle.create(out) : Bundle.resume(out));
  const draft = new ResultDraft(header, twins, earlier);
  await bundle.writeResult(draft.soFar());
  const context = {
    scenario,
    workload,
    traces,
    cpus,
    hasGpu: machine.gpu !== null,
    cacheFolder,
    bundle,
    draft,
    furtherRounds: (measured: Measured) =>
      settling?.roundsAfter({ ...draft.finish(null, judge), ...measured }) ?? 0,
    onProgress,
    signal,
  };
  const failure = await measureRounds(context).then(
    () => null,
    (thrown: unknown) => HarnessError.from(thrown),
  );

  const result = draft.finish(failure?.message ?? null, (judged) => ({
    ...judge(judged),
    settling: settling?.story ?? earlier?.settling ?? null,
  }));
  await bundle.writeResult(result);
  await writeReport(bundle.folder);
  return { result, folder: bundle.folder, gates: result.gates, failure };
}
