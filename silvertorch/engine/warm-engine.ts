import type { StageTimes } from "../../src/door/stage-times.ts";
import type { Artifact } from "../compile/artifact.ts";
import type { Engine } from "./engine.ts";
import { type EngineOptions, openEngine } from "./open-engine.ts";
import type { RequestReader } from "./request-reader.ts";
import { USUAL_K, warmUp } from "./warm-up.ts";

export interface WarmEngineOptions {
  readonly engine: EngineOptions;
  readonly reader: RequestReader;
  readonly maxBatch: number;
  /** The most items that were ever asked for at once, as far as is known. */
  readonly largestK: number;
  /** Requests in a usual batch of the engine whose place it takes; absent: there is none. */
  readonly usualBatch?: number | undefined;
  readonly stages: StageTimes;
  /** What it is busy with before it can answer. */
  readonly onProgress: (phase: string) => void;
}

/**
 * Loads an artifact into its engine and runs that until nothing of it is cold.
 * @throws HarnessError as `openEngine` does, UNAVAILABLE if it runs elsewhere than it should.
 */
export async function warmEngine(
  artifact: Artifact,
  { engine: how, reader, maxBatch, largestK, usualBatch, stages, onProgress }: WarmEngineOptions,
): Promise<Engine> {
  const engine = await openEngine(artifact, how, {
    onTimes: (times) => {
      for (const { stage, ms } of times) stages.record(stage, ms);
    },
    onProgress,
  });
  try {
    const k = Math.min(artifact.manifest.items, Math.max(USUAL_K, largestK));
    await warmUp(engine, { maxBatch, k, plan: reader.anyPlan(), usualBatch, onProgress });
    await engine.checkPlacement();
    return engine;
  } catch (error) {
    await engine[Symbol.asyncDispose]();
    throw error;
  }
}
