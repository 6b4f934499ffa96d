import { availableParallelism } from "node:os";
import type { Workload } from "../dataset/workload.ts";
import { measureParts } from "../load/micro.ts";
import { LoadThreads } from "../load/load-threads.ts";
import { turns } from "../load/turns.ts";
import { warmCalibration } from "../measure/calibration.ts";
import type { CpuPlan } from "../measure/cpu-set.ts";
import { AnswerScorer } from "../measure/recall.ts";
import { keepOnCpus } from "../process/cpu-affinity.ts";
import type { Bundle } from "../result/bundle.ts";
import type { ResultDraft } from "../result/result-draft.ts";
import { headlineLoad } from "../scenario/headline-load.ts";
import { plannedLoads } from "../scenario/planned-loads.ts";
import type { Scenario } from "../scenario/schema.ts";
import { blocksOf, TurnTaker } from "./measure-turn.ts";
import type { Measuring } from "./measuring.ts";
import { NoiseFloor } from "./noise-floor.ts";
import { sharedParts } from "./shared-parts.ts";
import { askedBy, type Questions, splitForTuning } from "./questions.ts";
import { Owners } from "./owners.ts";
import { readyUnits } from "./ready-units.ts";
import { keyOfTurn, plannedKeys } from "./planned-keys.ts";
import { systemCpus } from "./system-cpus.ts";
import { type Unit, Units } from "./units.ts";

export interface RoundsContext {
  readonly scenario: Scenario;
  readonly workload: Workload;
  /** Requests and truth of each load that brings its own, by its name. */
  readonly traces: ReadonlyMap<string, Questions>;
  readonly cpus: CpuPlan;
  readonly hasGpu: boolean;
  readonly cacheFolder: string;
  readonly bundle: Bundle;
  readonly draft: ResultDraft;
  /** Asked when all planned rounds are measured, and again after those that it grants; 0: enough. */
  readonly furtherRounds: (measured: Measured) => number;
  readonly onProgress: (phase: string, fraction: number) => void;
  readonly signal: AbortSignal;
}

/** Rounds that are whole, and the time since the first of them began. */
export interface Measured {
  readonly rounds: number;
  readonly seconds: number;
}

/** A client core in two drives the load; beyond these, more threads only get in each other's way. */
const MOST_THREADS = 4;

/**
 * Starts all systems, checks and warms them, and passes over them round by round, leaving out the
 * points that the draft has already. Each point is in the journal and the draft before the next
 * begins; every process is gone when this ends.
 *
 * @throws HarnessError INVALID once a process of a system has died; the signal's reason on abort.
 */
export async function measureRounds(context: RoundsContext): Promise<void> {
  const { scenario, workload, cpus, draft, bundle, onProgress } = context;
  await measureMicro(context);
  const loads = plannedLoads(scenario);
  if (loads.length === 0) return;
  // What was cut short may have been in rounds beyond the scenario's.
  let rounds = Math.max(scenario.rounds, draft.lastRound);
  if (isWhole(context, rounds)) {
    rounds += context.furtherRounds({ rounds, seconds: draft.secondsBefore });
  }
  if (isWhole(context, rounds)) return;
  const unitOptions = {
    dataset: workload.location,
    model: workload.model,
    cpus: cpus.system,
    cacheFolder: context.cacheFolder,
    onProgress,
    signal: context.signal,
  };
  await using units = await Units.start(scenario, unitOptions);
  await using floor = await NoiseFloor.start(unitOptions);
  const cpusOf = systemCpus(scenario, cpus);
  for (const unit of units.all) draft.addSystem(unit.system, describe(unit, cpusOf[unit.system]!));
  await using _ = await keepOnCpus(cpus.client);
  await using threads = new LoadThreads();
  const threadCount = Math.max(
    1,
    Math.min(MOST_THREADS, Math.floor((cpus.client?.length ?? 1) / 2)),
  );
  draft.setClient({ cpus: cpus.client === null ? null : [...cpus.client], threads: threadCount });

  const { timed, tuning } = questionsOf(workload, units.all);
  const asked = new Map(
    loads.map((load) => {
      const own = context.traces.get(load.name);
      return [load.name, own ?? askedBy(load, timed, scenario.requests.filters)];
    }),
  );
  using owners = new Owners(units.all, scenario, workload);
  for (const doubt of owners.doubts) draft.addDoubt(doubt);
  const measuring: Measuring = {
    scenario,
    workload,
    ownerOf: (unit) => owners.of(unit),
    questionsOf: (load) => asked.get(load.name)!,
    threads,
    threadCount,
    floor,
    systemCores: cpus.system?.length ?? availableParallelism(),
    hasGpu: context.hasGpu,
    signal: AbortSignal.any([context.signal, units.death]),
  };
  const leading = loads.find(({ name }) => name === headlineLoad(scenario)) ?? loads[0]!;
  const tuningOf = ({ system, variant }: Unit): Questions | null =>
    draft.isTuned(system, variant) ? null : tuning;
  const ready = await readyUnits(units.all, { measuring, load: leading, tuningOf, onProgress });
  for (const doubt of ready.doubts) draft.addDoubt(doubt);
  for (const row of ready.tunings) draft.addTuning(row);

  warmCalibration();
  const taker = new TurnTaker(measuring);
  const began = performance.now();
  for (let granted = true; granted;) {
    const seed = scenario.seeds.order;
    const drawn = turns({
      units: units.all,
      loads,
      rounds,
      blocksOf: (load) => blocksOf(load, scenario.faults),
      seed,
    });
    const order = drawn.filter((turn) => !draft.has(keyOfTurn(turn)));
    for (const [at, turn] of order.entries()) {
      onProgress(`round ${turn.round} of ${rounds}`, at / order.length);
      const measured = await taker.take(turn);
      if (measured !== null) {
        const { observed } = measured;
        const point = { ...measured.point, sitting: draft.sitting };
        draft.addPoint(await bundle.addPoint(point, observed.latency, observed.sendLatency));
      }
      // So that even a run that is killed outright can be rendered as far as it came.
      if (order[at + 1]?.round !== turn.round) await bundle.writeResult(draft.soFar());
      // A death under load gave a point that says so; it ends the run all the same.
      measuring.signal.throwIfAborted();
    }
    const seconds = draft.secondsBefore + (performance.now() - began) / 1000;
    const further = context.furtherRounds({ rounds, seconds });
    rounds += further;
    granted = further > 0;
  }
}

/** Whether every point of so many rounds was measured before. */
const isWhole = ({ scenario, draft }: RoundsContext, rounds: number): boolean =>
  plannedKeys(scenario, rounds).every((key) => draft.has(key));

/** Before anything is started: the machine is at its quietest then. */
async function measureMicro({ scenario, workload, draft, signal }: RoundsContext): Promise<void> {
  for (const [load, spec] of Object.entries(scenario.loads)) {
    if (spec.shape !== "micro" || draft.hasMicro(load)) continue;
    for (const time of await measureParts(sharedParts(workload), { ...spec, signal })) {
      draft.addMicro({ load, ...time });
    }
  }
}

/** The requests that are timed and scored, and those that variants are chosen by. */
function questionsOf(
  { dataset, model, requests: { requests, templateOf }, truth, every }: Workload,
  units: readonly Unit[],
): { timed: Questions; tuning: Questions | null } {
  const scorer = new AnswerScorer({ ...dataset, model, requests, truth, every });
  const numbers = Uint32Array.from(requests.keys());
  const all: Questions = { requests, scorer, numbers, templateOf, trace: null };
  const isSwept = units.some(({ variant }) => variant !== "");
  return isSwept ? splitForTuning(all) : { timed: all, tuning: null };
}

function describe(
  { running }: Unit,
  { cpus }: { readonly cpus: number[] | null },
): Parameters<ResultDraft["addSystem"]>[1] {
  const { kind, engine, device, settings, processes, build } = running;
  return {
    kind,
    engine,
    device,
    settings: { ...settings },
    processes: processes.map(({ role }) => role),
    cpus,
    build,
  };
}
