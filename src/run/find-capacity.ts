import { type CapacityBounds, type Probe, searchCapacity } from "../load/capacity.ts";
import type { Observations } from "../load/observations.ts";
import { clientFaults } from "../measure/validity.ts";
import type { CapacityResult } from "../result/schema.ts";
import type { LoadSpec } from "../scenario/schema.ts";
import { type MeasuredPoint, measureStretch, toMeasuredPoint } from "./measure-stretch.ts";
import { driveUnit, type Measuring, type Occasion, prepare, startOf } from "./measuring.ts";
import type { Unit } from "./units.ts";

export interface CapacityOccasion extends Occasion {
  readonly spec: Extract<LoadSpec, { shape: "capacity" }>;
}

/** A rate that held while it was searched for, and does not for longer, is lowered so often. */
const CONFIRMATIONS = 3;

/** Errors above this share break the objective, as they make a point invalid. */
const ERROR_LIMIT = 0.001;

/**
 * The highest rate of an open loop at which a unit holds the objective: searched for by short
 * probes, then confirmed by a run of full length, which is the point. What does not hold again is
 * lowered by a step and tried again; what never does is said to be unconfirmed.
 */
export async function findCapacity(
  unit: Unit,
  occasion: CapacityOccasion,
  measuring: Measuring,
): Promise<MeasuredPoint> {
  const { spec } = occasion;
  const found = await searchCapacity({
    fromPerSecond: spec.fromPerSecond,
    precision: spec.precision,
    probe: (rate) => probeAt(unit, { ...occasion, ratePerSecond: rate }, measuring),
  });
  let bounds: CapacityBounds = found;
  for (let attempt = 1; ; attempt++) {
    // Without a rate that held, the point shows how the system fails at the least that was tried.
    const rate = bounds.heldPerSecond || found.probes.at(-1)!.ratePerSecond;
    const stretch = await measureStretch(unit, { ...occasion, ratePerSecond: rate }, measuring);
    const probe = toProbe(rate, stretch.observed, measuring);
    bounds = withConfirmation(bounds, probe, spec.precision);
    if (probe.held || found.heldPerSecond === 0 || attempt === CONFIRMATIONS) {
      const context = { measuring, capacity: toResult(bounds, probe.held) };
      return await toMeasuredPoint(unit, occasion, [stretch], context);
    }
    measuring.signal.throwIfAborted();
  }
}

/** A confirming run that broke is one more upper bound; the next try is a step below it. */
function withConfirmation(bounds: CapacityBounds, probe: Probe, precision: number): CapacityBounds {
  const probes = [...bounds.probes, probe];
  if (probe.held || bounds.heldPerSecond === 0) return { ...bounds, probes };
  const { ratePerSecond } = probe;
  return {
    heldPerSecond: ratePerSecond / (1 + precision),
    brokePerSecond: ratePerSecond,
    probes,
  };
}

async function probeAt(
  unit: Unit,
  occasion: CapacityOccasion & { ratePerSecond: number },
  measuring: Measuring,
): Promise<Probe> {
  const questions = measuring.questionsOf(occasion.load);
  const probing = { ...occasion, seconds: occasion.spec.probeSeconds };
  const prepared = prepare(probing, measuring, questions);
  const start = { questions, startAt: startOf(occasion, measuring.scenario, questions) };
  const observed = await driveUnit(unit, prepared, start, measuring);
  measuring.signal.throwIfAborted();
  return toProbe(occasion.ratePerSecond, observed, measuring);
}

/** Whether the objective held, and if not, the first thing that broke it. */
function toProbe(
  ratePerSecond: number,
  observed: Observations,
  { scenario }: Pick<Measuring, "scenario">,
): Probe {
  const { latency, seconds } = observed;
  // Short of samples for a percentile as a result shows it, the search goes by what there is.
  const p99Ms = latency.count === 0 ? null : latency.quantile(0.99) / 1000;
  const common = { ratePerSecond, seconds, p99Ms, isOverloaded: observed.overloaded !== null };
  const broken = brokenObjective(observed, p99Ms, scenario.slo.p99Ms);
  if (broken !== null) return { ...common, held: false, limit: "server", reason: broken };
  const [fault] = clientFaults(observed.client, p99Ms, "open");
  if (fault !== undefined) return { ...common, held: false, limit: "client", reason: fault };
  return { ...common, held: true, limit: "none", reason: "" };
}

function brokenObjective(
  observed: Observations,
  p99Ms: number | null,
  limitMs: number,
): string | null {
  const { overloaded, endedEarly, answered } = observed;
  if (endedEarly !== null) return endedEarly;
  if (overloaded !== null) return overloaded;
  const failed = [...observed.errors.values()].reduce((sum, { count }) => sum + count, 0);
  if (failed > ERROR_LIMIT * (failed + answered)) return `${failed} requests failed`;
  if (p99Ms === null) return "nothing was answered";
  return p99Ms > limitMs ? `p99 was ${p99Ms.toFixed(1)} ms` : null;
}

function toResult(bounds: CapacityBounds, confirmed: boolean): CapacityResult {
  const probes = bounds.probes.map(({ isOverloaded: _isOverloaded, ...probe }) => probe);
  return { ...bounds, probes, confirmed, limit: limitOf(bounds) };
}

/** What broke at the lowest rate that did not hold. */
function limitOf({ probes, brokePerSecond }: CapacityBounds): Probe["limit"] {
  const broken = probes.findLast(
    ({ held, ratePerSecond }) => !held && ratePerSecond === brokePerSecond,
  );
  return broken?.limit ?? "none";
}
