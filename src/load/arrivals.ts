import type { Random } from "../math/random.ts";

/** A stretch of time in which the rate goes in a straight line from one value to another. */
export interface RateStretch {
  readonly seconds: number;
  /** Requests a second at its beginning and at its end. */
  readonly from: number;
  readonly to: number;
}

/** A rate over time, stretch after stretch. */
export type RateFunction = readonly RateStretch[];

export interface ArrivalOptions {
  readonly rate: RateFunction;
  /** `poisson`: independent of each other, as users are; `constant`: evenly, as a clock would. */
  readonly arrivals: "poisson" | "constant";
  readonly random: Random;
}

/**
 * The times of all arrivals, drawn before the first is sent. Arrivals of a rate that changes are
 * those of rate 1 on the scale of the expected count, carried back to time (Cinlar, "Introduction
 * to Stochastic Processes", 1975, section 4.7); so the same seed gives the same pattern at any rate.
 * @returns milliseconds from the start, ascending.
 */
export function arrivalTimes({ rate, arrivals, random }: ArrivalOptions): Float64Array {
  const total = expectedArrivals(rate);
  const gap = arrivals === "constant" ? () => 1 : () => -Math.log(1 - random.float());
  const times: number[] = [];
  let expected = arrivals === "constant" ? 0.5 : gap();
  let begun = 0;
  let begunAtMs = 0;
  for (const stretch of rate) {
    const share = expectedArrivals([stretch]);
    for (; expected < Math.min(begun + share, total); expected += gap()) {
      times.push(begunAtMs + 1000 * timeOf(stretch, expected - begun));
    }
    begun += share;
    begunAtMs += stretch.seconds * 1000;
  }
  return Float64Array.from(times);
}

/** How many arrivals are expected in all: the area under the rate. */
export function expectedArrivals(rate: RateFunction): number {
  return rate.reduce((sum, { seconds, from, to }) => sum + (seconds * (from + to)) / 2, 0);
}

export const rateSeconds = (rate: RateFunction): number =>
  rate.reduce((sum, { seconds }) => sum + seconds, 0);

export const steadyRate = (perSecond: number, seconds: number): RateFunction => [
  { seconds, from: perSecond, to: perSecond },
];

/** A base rate that rises to a peak for a while at the end of each period. */
export function burstRate(
  burst: { base: number; peak: number; everySeconds: number; forSeconds: number },
  seconds: number,
): RateFunction {
  const { base, peak, everySeconds, forSeconds } = burst;
  const rate: RateStretch[] = [];
  const add = (perSecond: number, wanted: number): void => {
    const left = seconds - rateSeconds(rate);
    const length = Math.min(wanted, left);
    // What rounding leaves of the last stretch is none.
    if (length > 1e-9) rate.push({ seconds: length, from: perSecond, to: perSecond });
  };
  for (let periods = Math.ceil(seconds / everySeconds); periods > 0; periods--) {
    add(base, everySeconds - forSeconds);
    add(peak, forSeconds);
  }
  return rate;
}

/** Seconds into the stretch at which so many arrivals are expected. */
function timeOf({ seconds, from, to }: RateStretch, count: number): number {
  const slope = (to - from) / seconds;
  if (slope === 0) return count / from;
  // from t + slope t^2 / 2 = count; in the form that does not cancel for a small slope.
  return (2 * count) / (from + Math.sqrt(Math.max(0, from * from + 2 * slope * count)));
}
