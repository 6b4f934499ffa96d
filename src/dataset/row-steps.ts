import { setImmediate } from "node:timers/promises";
import type { OnProgress } from "./dataset.ts";

export interface Watch {
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
}

const ROWS_A_STEP = 16_384;

/**
 * Calls `each` for every row in turn, and lets the event loop run now and then: a long generation
 * can be watched and stopped.
 */
export async function forEachRow(
  rows: number,
  phase: string,
  { onProgress, signal }: Watch,
  each: (row: number) => void,
): Promise<void> {
  for (let start = 0; start < rows; start += ROWS_A_STEP) {
    signal.throwIfAborted();
    onProgress(phase, start / rows);
    const end = Math.min(rows, start + ROWS_A_STEP);
    for (let row = start; row < end; row++) each(row);
    await setImmediate();
  }
  signal.throwIfAborted();
}
