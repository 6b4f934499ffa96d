import { drive } from "../load/drive.ts";
import type { Turn } from "../load/turns.ts";
import { scoreAnswers } from "../measure/answer-quality.ts";
import { usageBetween } from "../measure/system-usage.ts";
import type { AnswerScorer } from "../measure/recall.ts";
import type { Histogram } from "../math/histogram.ts";
import { toPoint } from "../result/point.ts";
import type { Point } from "../result/schema.ts";
import type { RetrievalRequest } from "../retrieval/request.ts";
import type { Scenario } from "../scenario/schema.ts";
import type { Unit } from "./units.ts";

export interface TurnContext {
  readonly scenario: Scenario;
  readonly requests: readonly RetrievalRequest[];
  readonly scorer: AnswerScorer;
  /** CPUs the systems may use. */
  readonly systemCores: number;
  readonly signal: AbortSignal;
}

export interface MeasuredTurn {
  readonly point: Omit<Point, "samples">;
  /** Microseconds. */
  readonly latency: Histogram;
}

/**
 * One load on one unit: counters before, the drive, counters after; the answers are scored once
 * the clock has stopped. Every system of a round gets the same requests, from the same place on.
 */
export async function measureTurn(
  { unit, load: name, round }: Turn<Unit>,
  { scenario, requests, scorer, systemCores, signal }: TurnContext,
): Promise<MeasuredTurn> {
  const { running, door, system, variant } = unit;
  const load = scenario.loads[name]!;
  const before = await door.stats();
  const observed = await drive({
    system: running,
    load,
    requests,
    startAt: Math.floor(((round - 1) / scenario.rounds) * requests.length),
    seconds: load.seconds,
    requestTimeoutMs: requestTimeoutMs(scenario),
    signal,
  });
  // A system that died under the load cannot be asked; what was seen of it still counts.
  const after = await door.stats().catch(() => null);
  const point = toPoint({
    system,
    variant,
    load: name,
    round,
    inFlight: load.shape === "closed" ? load.inFlight : load.connections,
    observed,
    quality: await scoreAnswers(observed.answers, scorer),
    usage: after === null ? null : usageBetween(before, after),
    systemCores,
  });
  return { point, latency: observed.latency };
}

/** Far beyond the objective, so that it ends what hangs and cuts off nothing that is merely slow. */
export function requestTimeoutMs({ slo }: Scenario): number {
  return Math.max(5_000, 20 * slo.p99Ms);
}
