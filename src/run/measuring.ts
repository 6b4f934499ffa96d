import type { Workload } from "../dataset/workload.ts";
import type { CatalogueOwner } from "../load/catalogue-owner.ts";
import { driveFrom } from "../load/drive.ts";
import type { LoadThreads } from "../load/load-threads.ts";
import type { Observations } from "../load/observations.ts";
import { type PreparedLoad, prepareLoad } from "../load/prepare.ts";
import { Random } from "../math/random.ts";
import type { PlannedLoad } from "../scenario/planned-loads.ts";
import type { Scenario } from "../scenario/schema.ts";
import type { NoiseFloor } from "./noise-floor.ts";
import type { Questions } from "./questions.ts";
import type { Unit } from "./units.ts";

/** What every measurement of a run works with. */
export interface Measuring {
  readonly scenario: Scenario;
  readonly workload: Workload;
  /** Who changes a unit's catalogue under load; null: it stands still. */
  readonly ownerOf: (unit: Unit) => CatalogueOwner | null;
  /** What a load asks. */
  readonly questionsOf: (load: PlannedLoad) => Questions;
  readonly threads: LoadThreads;
  /** Threads that a load may be spread over. */
  readonly threadCount: number;
  readonly floor: NoiseFloor | null;
  /** CPUs the systems may use. */
  readonly systemCores: number;
  readonly hasGpu: boolean;
  readonly signal: AbortSignal;
}

/** One load of a scenario in one round, drawn from its seeds: for every system the same. */
export interface Occasion {
  readonly load: PlannedLoad;
  readonly round: number;
  /** Which part of the round, of how many; absent: all of it. */
  readonly block?: number;
  readonly blocks?: number;
  /** A rate other than the load's own, as of a search. */
  readonly ratePerSecond?: number;
  /** A length other than the load's own. */
  readonly seconds?: number;
}

export function prepare(
  { load, round, ratePerSecond, seconds }: Occasion,
  { scenario }: Pick<Measuring, "scenario">,
  questions: Questions,
): PreparedLoad {
  const random = new Random(scenario.seeds.arrivals).fork(`${load.label}/${round}`);
  return prepareLoad(load.spec, {
    ratePerSecond: ratePerSecond ?? load.ratePerSecond,
    seed: random.bits(),
    distinct: questions.requests.length,
    trace: questions.trace,
    ...(seconds === undefined ? {} : { seconds }),
  });
}

/** Drives a prepared load onto a unit; in each round from another place among the requests on. */
export function driveUnit(
  { running }: Pick<Unit, "running">,
  prepared: PreparedLoad,
  { questions, startAt }: { questions: Questions; startAt: number },
  measuring: Pick<Measuring, "scenario" | "threads" | "threadCount" | "signal"> & {
    readonly unreachableMs?: number;
    readonly onStart?: (startMs: number) => void;
  },
): Promise<Observations> {
  return driveFrom(measuring.threads, {
    system: running,
    load: prepared.drive,
    requests: questions.requests,
    startAt,
    seconds: prepared.seconds,
    requestTimeoutMs: requestTimeoutMs(measuring.scenario),
    unreachableMs: measuring.unreachableMs,
    onStart: measuring.onStart,
    threads: measuring.threadCount,
    signal: measuring.signal,
  });
}

/** Where in the walk a round begins. A trace begins at its beginning. */
export function startOf(
  { round, block = 1, blocks = 1 }: Occasion,
  { rounds }: Scenario,
  questions: Questions,
): number {
  if (questions.trace !== null) return 0;
  const part = (round - 1 + (block - 1) / blocks) / rounds;
  return Math.floor(part * questions.requests.length);
}

/** Far beyond the objective, so that it ends what hangs and cuts off nothing that is merely slow. */
export function requestTimeoutMs({ slo }: Pick<Scenario, "slo">): number {
  return Math.max(5_000, 20 * slo.p99Ms);
}
