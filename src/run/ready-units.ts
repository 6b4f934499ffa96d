import { HarnessError } from "../errors.ts";
import { scoreAnswers } from "../measure/answer-quality.ts";
import { warmUp } from "../measure/warm-up.ts";
import { doubt } from "../result/doubts.ts";
import type { Doubt, TuningRow } from "../result/schema.ts";
import type { PlannedLoad } from "../scenario/planned-loads.ts";
import { driveUnit, type Measuring, prepare, requestTimeoutMs } from "./measuring.ts";
import type { Questions } from "./questions.ts";
import { labelOf, type Unit } from "./units.ts";

/** Requests asked one by one before anything is timed. */
const CHECKED = 32;
/** A window of the warm-up, or the length of the load if that is shorter. */
const WINDOW_SECONDS = 1;
/** Drives, and their length, that decide between variants. */
const TUNING_DRIVES = 3;
const TUNING_SECONDS = 1;
/** Requests kept under way to warm a system whose load has no number of its own. */
const WARM_IN_FLIGHT = 16;

export interface ReadyOptions {
  readonly measuring: Measuring;
  /** The load that the headline is read at: systems are warmed, and tuned, for it. */
  readonly load: PlannedLoad;
  /** Requests that decide between variants of a unit; null where there is nothing to decide. */
  readonly tuningOf: (unit: Unit) => Questions | null;
  readonly onProgress: (phase: string, fraction: number) => void;
}

export interface Readiness {
  /** What of the units is in doubt. */
  readonly doubts: readonly Doubt[];
  /** How each variant did on the requests that nobody scores; none where nothing is tuned. */
  readonly tunings: readonly TuningRow[];
}

/**
 * Makes units ready to be measured: each must answer, and its answers are held against the oracle;
 * then all are driven in turn until their throughput has no trend, and where there is a choice of
 * variants, what the choice is made by is measured.
 *
 * @throws HarnessError INVALID naming the request that one cannot answer.
 */
export async function readyUnits(
  units: readonly Unit[],
  options: ReadyOptions,
): Promise<Readiness> {
  const { tuningOf, onProgress } = options;
  const doubts: Doubt[] = [];
  for (const [at, unit] of units.entries()) {
    onProgress(`check ${labelOf(unit)}`, at / units.length);
    doubts.push(...(await checkAnswers(unit, options)));
  }
  doubts.push(...(await warmInTurns(units, options)));
  const tunings: TuningRow[] = [];
  for (const [at, unit] of units.entries()) {
    const questions = tuningOf(unit);
    if (questions === null) continue;
    onProgress(`tune ${labelOf(unit)}`, at / units.length);
    tunings.push(await tune(unit, questions, options));
  }
  return { doubts, tunings };
}

async function checkAnswers(unit: Unit, { measuring, load }: ReadyOptions): Promise<Doubt[]> {
  await unit.enter();
  const { scenario, signal } = measuring;
  const { requests, scorer, numbers } = measuring.questionsOf(load);
  const known = Array.from(requests.keys()).filter((at) => scorer.knows(numbers[at]!));
  const step = Math.max(1, Math.floor(known.length / CHECKED));
  const tally = { asked: 0, recall: 0, forbidden: 0, short: 0 };
  for (const at of known.filter((_, nth) => nth % step === 0)) {
    const timeoutMs = requestTimeoutMs(scenario);
    const asked = unit.door.retrieve(requests[at]!, { timeoutMs });
    const { ids } = await asked.catch((cause: unknown) => {
      signal.throwIfAborted();
      const where = unit.system;
      throw new HarnessError("INVALID", `it cannot answer request ${at}`, { where, cause });
    });
    const { recall, violations, duplicates, short } = scorer.score(numbers[at]!, ids);
    tally.asked++;
    tally.recall += recall;
    tally.forbidden += violations + duplicates;
    tally.short += Number(short > 0);
  }
  const recall = tally.recall / tally.asked;
  if (recall >= scenario.headline.recall && tally.forbidden + tally.short === 0) return [];
  const found = `recall ${recall.toFixed(3)}, ${tally.forbidden} forbidden ids, ${tally.short} short answers in ${tally.asked} requests`;
  return [doubt("failed-check", `${labelOf(unit)}: ${found}`)];
}

async function warmInTurns(
  units: readonly Unit[],
  { measuring, load, onProgress }: ReadyOptions,
): Promise<Doubt[]> {
  const questions = measuring.questionsOf(load);
  const mostWindows = measuring.scenario.warmUpSeconds / WINDOW_SECONDS;
  const driveWindows = units.map((unit) => {
    let startAt = 0;
    let windows = 0;
    return async (): Promise<number> => {
      await unit.enter();
      onProgress(`warm up ${labelOf(unit)}`, windows++ / mostWindows);
      const prepared = prepareLoop(load, WINDOW_SECONDS, measuring, questions);
      const observed = await driveUnit(unit, prepared, { questions, startAt }, measuring);
      startAt = observed.nextAt;
      return observed.completed / observed.seconds;
    };
  });
  const sides = await warmUp(driveWindows, mostWindows);
  return units.flatMap((unit, at) =>
    sides[at]!.steady
      ? []
      : [doubt("not-warm", `${labelOf(unit)} was still changing when measuring began`)],
  );
}

async function tune(
  unit: Unit,
  questions: Questions,
  { measuring, load }: ReadyOptions,
): Promise<TuningRow> {
  await unit.enter();
  const drives = [];
  for (let drive = 0; drive < TUNING_DRIVES; drive++) {
    const prepared = prepareLoop(load, TUNING_SECONDS, measuring, questions);
    const startAt = Math.floor((drive / TUNING_DRIVES) * questions.requests.length);
    const observed = await driveUnit(unit, prepared, { questions, startAt }, measuring);
    const { scorer, numbers } = questions;
    const scoring = { scorer, numbers, templateOf: null, inTimeMs: Infinity };
    const { recall, short } = await scoreAnswers(observed.answers, scoring);
    drives.push({ rate: observed.completed / observed.seconds, recall, short });
  }
  const recall = middle(drives.map((drive) => drive.recall));
  return {
    system: unit.system,
    variant: unit.variant,
    recall: Number.isNaN(recall) ? null : recall,
    throughputPerSecond: middle(drives.map(({ rate }) => rate)),
    short: drives.reduce((sum, drive) => sum + drive.short, 0),
  };
}

const middle = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

/**
 * The load itself where it is a loop. What comes at its own times would not show how fast a system
 * is: it is stood in for by a closed loop.
 */
function prepareLoop(
  load: PlannedLoad,
  seconds: number,
  measuring: Measuring,
  questions: Questions,
): ReturnType<typeof prepare> {
  const { spec } = load;
  switch (spec.shape) {
    case "closed":
    case "http":
    case "single-stream":
    case "multi-stream":
      return prepare(
        { load, round: 0, seconds: Math.min(seconds, spec.seconds) },
        measuring,
        questions,
      );
    case "server":
    case "offline":
    case "replay":
    case "capacity":
      return {
        drive: {
          shape: "closed",
          inFlight: WARM_IN_FLIGHT,
          client: spec.client,
          connections: spec.connections,
        },
        seconds,
        offeredPerSecond: null,
        inFlight: WARM_IN_FLIGHT,
      };
  }
}
