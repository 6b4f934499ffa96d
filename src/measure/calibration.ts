/** Steps of the work: some ten milliseconds of it on a machine of today. */
const STEPS = 4_000_000;

/** A point whose calibration is further than this from the run's median is flagged. */
export const CALIBRATION_TOLERANCE = 0.15;

/** What the work comes to, kept so that no compiler leaves it out. */
let sink = 0;

/**
 * Does a fixed piece of work on the CPU and says how long it took: how fast the machine is now. On
 * a shared machine that changes by the minute, and it changes what is measured next.
 * @returns milliseconds.
 */
export function calibrate(): number {
  const startMs = performance.now();
  let state = 1;
  for (let step = 0; step < STEPS; step++) {
    // xorshift32: nothing to vectorise, nothing to fold.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
  }
  sink ^= state;
  return performance.now() - startMs;
}

/** Compiles the work, so that the first calibration is like all others. */
export function warmCalibration(): number {
  for (let i = 0; i < 5; i++) calibrate();
  return sink;
}
