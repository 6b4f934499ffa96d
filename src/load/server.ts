import { Random } from "../math/random.ts";
import type { LoadSpec } from "../scenario/schema.ts";
import { arrivalTimes, burstRate, type RateFunction, rateSeconds, steadyRate } from "./arrivals.ts";

/** When the requests of an open loop are due. */
export interface Schedule {
  /** Milliseconds from the start, ascending. */
  readonly dueMs: Float64Array;
  /** What is due before is there to fill the system, and is not measured. */
  readonly runUpMs: number;
  /** Length of the window. */
  readonly seconds: number;
}

export type ServerSpec = Extract<LoadSpec, { shape: "server" }>;
export type RateSpec = Exclude<ServerSpec["ratePerSecond"], readonly number[]>;

/** The run-up is at most this long, and a quarter of the window where that is shorter. */
const RUN_UP_SECONDS = 1;

export interface ServerScheduleOptions {
  readonly rate: RateSpec;
  readonly arrivals: "poisson" | "constant";
  readonly seconds: number;
  readonly seed: number;
}

/**
 * The arrivals of MLPerf's server: users who come when they please. A steady rate has a run-up at
 * that rate; one that changes begins as it is stated.
 */
export function serverSchedule(options: ServerScheduleOptions): Schedule {
  const { rate, arrivals, seconds, seed } = options;
  const runUpSeconds = typeof rate === "number" ? Math.min(RUN_UP_SECONDS, seconds / 4) : 0;
  const shape = rateFunction(rate, seconds + runUpSeconds);
  const random = new Random(seed).fork("arrivals");
  return {
    dueMs: arrivalTimes({ rate: shape, arrivals, random }),
    runUpMs: runUpSeconds * 1000,
    seconds: rateSeconds(shape) - runUpSeconds,
  };
}

/** The rate over time that a scenario states. */
export function rateFunction(rate: RateSpec, seconds: number): RateFunction {
  if (typeof rate === "number") return steadyRate(rate, seconds);
  if ("ramp" in rate) return [{ seconds, ...rate.ramp }];
  return burstRate(rate.burst, seconds);
}
