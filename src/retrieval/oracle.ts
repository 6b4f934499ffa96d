import { setImmediate } from "node:timers/promises";
import type { Ranking } from "./candidate-ranker.ts";
import { OraclePlan, type PlanOptions } from "./oracle-plan.ts";
import { answerByRanges } from "./oracle-ranges.ts";
import { OracleScan } from "./oracle-scan.ts";
import type { ScanOutcome, ScanTask } from "./oracle-task.ts";
import { scanInThreads } from "./oracle-threads.ts";

/** The exact answers to R requests. */
export interface Truth {
  /** [R + 1] request r's answer is `offsets[r] .. offsets[r + 1]` of rows and values. */
  readonly offsets: Uint32Array;
  /** Best first: value descending, row ascending; min(k, eligible) a request. */
  readonly rows: Uint32Array;
  readonly values: Float64Array;
  /** [R] items that pass the filter and are not excluded. */
  readonly eligible: Uint32Array;
  /** [R] items that pass the filter. */
  readonly passing: Uint32Array;
  /**
   * [R x heads] inner product of each head's K0-th candidate, below which it holds none; -Infinity
   * where fewer than K0 are eligible. Empty where the value is the score alone: then the K0 cut
   * changes nothing.
   */
  readonly borders: Float64Array;
}

export interface TruthOptions extends PlanOptions {
  /** @param fraction 0..1 of the requests answered. */
  readonly onProgress: (phase: string, fraction: number) => void;
  readonly signal: AbortSignal;
}

/** Multiplications below which a thread costs more than it saves: a fraction of a second. */
const INLINE_WORK = 50_000_000;

/**
 * The oracle: the retrieval model computed exhaustively in float64 with exact filters. It shares
 * no code with the systems beyond the filter's meaning and the model's weights.
 *
 * @throws HarnessError BAD_INPUT on the first request that cannot be answered, with its position.
 */
export async function computeTruth(options: TruthOptions): Promise<Truth> {
  const { catalogue, requests, threads, onProgress, signal } = options;
  const plan = new OraclePlan(options);
  const outcomes: ScanOutcome[] = [];
  let answered = 0;
  const onOutcome = (index: number, outcome: readonly ScanOutcome[]): void => {
    for (const [at, request] of plan.taskRequests(index).entries())
      outcomes[request] = outcome[at]!;
    answered += outcome.length;
    onProgress("truth", answered / requests.length);
  };
  const task = (index: number): ScanTask => plan.task(index);
  const { ranking } = plan;
  if (workOf(options, ranking) > INLINE_WORK && catalogue.generated !== undefined) {
    await answerByRanges({
      catalogue,
      plan,
      threads: Math.max(1, threads),
      onOutcome: (position, outcome) => (outcomes[position] = outcome),
      onRows: (fraction) => onProgress("truth", fraction),
      signal,
    });
  } else if (workOf(options, ranking) > INLINE_WORK) {
    await scanInThreads<readonly ScanOutcome[]>({
      catalogue,
      ranking,
      tasks: plan.tasks,
      task: (index) => ({ kind: "answer", task: task(index) }),
      onOutcome,
      threads,
      signal,
    });
  } else {
    const scan = new OracleScan(catalogue, ranking);
    for (let index = 0; index < plan.tasks; index++) {
      signal.throwIfAborted();
      onOutcome(index, scan.answer(task(index)));
      await setImmediate();
    }
  }
  return toTruth(outcomes);
}

/** Multiplications that ranking one candidate costs, more or less. */
const CANDIDATE_WORK = 10_000;

/** Multiplications, more or less. */
function workOf({ catalogue, model, requests }: TruthOptions, ranking: Ranking | null): number {
  const { count, dim } = catalogue;
  const scanning = count * dim * model.heads;
  const candidates = Math.min(count, model.candidates * model.heads);
  const rankingWork = ranking === null ? 0 : candidates * CANDIDATE_WORK;
  return requests.length * (scanning + rankingWork);
}

function toTruth(outcomes: readonly ScanOutcome[]): Truth {
  const offsets = new Uint32Array(outcomes.length + 1);
  for (const [at, { rows }] of outcomes.entries()) offsets[at + 1] = offsets[at]! + rows.length;
  const total = offsets.at(-1)!;
  const rows = new Uint32Array(total);
  const values = new Float64Array(total);
  for (const [at, outcome] of outcomes.entries()) {
    rows.set(outcome.rows, offsets[at]);
    values.set(outcome.values, offsets[at]);
  }
  return {
    offsets,
    rows,
    values,
    eligible: Uint32Array.from(outcomes, ({ eligible }) => eligible),
    passing: Uint32Array.from(outcomes, ({ passing }) => passing),
    borders: Float64Array.from(outcomes.flatMap(({ borders }) => [...borders])),
  };
}
