/** Windows that are compared, and how many there are at most. */
const COMPARED = 3;
const MAX_WINDOWS = 10;

/** Throughputs that differ by no more than this share of the largest are the same. */
const TOLERANCE = 0.1;

export interface WarmUp {
  /** Whether it ended because nothing changed any more. */
  readonly steady: boolean;
  /** Throughput of each window, requests a second. */
  readonly throughputs: readonly number[];
}

/**
 * Drives windows of load until the throughput has settled: the last three lie within 10% of each
 * other, or ten have passed (as Triton's perf_analyzer does).
 * @param driveWindow Drives one window; gives its throughput.
 */
export async function warmUp(driveWindow: () => Promise<number>): Promise<WarmUp> {
  const throughputs: number[] = [];
  while (throughputs.length < MAX_WINDOWS) {
    throughputs.push(await driveWindow());
    if (isSteady(throughputs)) return { steady: true, throughputs };
  }
  return { steady: false, throughputs };
}

/** Whether the last windows are alike. Windows without a single answer never are. */
export function isSteady(throughputs: readonly number[]): boolean {
  const last = throughputs.slice(-COMPARED);
  const largest = Math.max(...last);
  return (
    last.length === COMPARED && largest > 0 && largest - Math.min(...last) <= TOLERANCE * largest
  );
}
