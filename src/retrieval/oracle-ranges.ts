import type { Catalogue } from "./catalogue.ts";
import type { OraclePlan } from "./oracle-plan.ts";
import type { RangeOutcome, ScanOutcome } from "./oracle-task.ts";
import { scanInThreads } from "./oracle-threads.ts";

export interface RangesOptions {
  readonly catalogue: Catalogue;
  readonly plan: OraclePlan;
  readonly threads: number;
  /** @param position of the request. */
  readonly onOutcome: (position: number, outcome: ScanOutcome) => void;
  /** @param fraction 0..1 of the rows that were looked at. */
  readonly onRows: (fraction: number) => void;
  readonly signal: AbortSignal;
}

/** Ranges a thread, so that the threads end together. */
const RANGES = 4;

/**
 * Answers all requests range of rows by range, so that each generated vector is computed once for all
 * of them; what the ranges have for a request is then joined.
 */
export async function answerByRanges(options: RangesOptions): Promise<void> {
  const { catalogue, plan, threads, onOutcome, onRows, signal } = options;
  const { ranking } = plan;
  const whole = plan.whole();
  const tasks = Math.min(catalogue.count, RANGES * threads);
  const first = (range: number): number => Math.floor((catalogue.count * range) / tasks);
  const held: RangeOutcome[][] = whole.requests.map(() => []);
  let done = 0;
  await scanInThreads<readonly RangeOutcome[]>({
    catalogue,
    ranking,
    tasks,
    task: (range) => ({
      kind: "range",
      task: { ...whole, from: first(range), to: first(range + 1) },
    }),
    onOutcome(range, outcomes) {
      for (const [at, outcome] of outcomes.entries()) held[at]![range] = outcome;
      onRows(++done / tasks);
    },
    threads,
    signal,
  });
  const positions = plan.requests;
  await scanInThreads<ScanOutcome>({
    catalogue,
    ranking,
    tasks: positions.length,
    task(at) {
      const request = whole.requests[at]!;
      const filter = whole.filters[request.filter]!;
      return { kind: "join", task: { request, filter, ranges: held[at]! } };
    },
    onOutcome: (at, outcome) => onOutcome(positions[at]!, outcome),
    threads,
    signal,
  });
}
