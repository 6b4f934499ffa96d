import type { EncodedPlan } from "../eligibility/plan-tensors.ts";
import type { Engine } from "./engine.ts";
import type { EngineQuery } from "./query.ts";

export interface WarmUpOptions {
  readonly maxBatch: number;
  /** Items that are asked for: as many as ever were, where that is known. */
  readonly k?: number;
  /** Of any filter that needs work; null where the catalogue has no attributes. */
  readonly plan: EncodedPlan | null;
  /**
   * Requests in a usual batch of the one that served in its thread until now, so that only memory is
   * cold; absent: there was none.
   */
  readonly usualBatch?: number | undefined;
  readonly onProgress: (phase: string) => void;
}

/** A usual number of items to ask for. */
export const USUAL_K = 100;

/**
 * Runs batches of all sizes, in steps of two, without and with a filter and an exclusion: the
 * first run of a shape allocates, and on a GPU compiles, what the later ones reuse; on a processor
 * only the largest, since a model that swaps serves meanwhile on the same. Before them the
 * largest, as many at once as the engine works on: each lane has buffers of its own, which it makes
 * anew for a batch that is larger than all before, and that is not to happen under load. Batches that
 * are run in parts have nothing new to show. Last comes the search of an answer that stays short,
 * which takes the most memory: the first one who asked would wait for all of that.
 */
export async function warmUp(
  engine: Engine,
  { maxBatch, k = USUAL_K, plan, usualBatch, onProgress }: WarmUpOptions,
): Promise<void> {
  const plain: EngineQuery = {
    user: { kind: "row", row: 0 },
    k,
    plan: null,
    exclude: new Uint32Array(0),
  };
  const filtered: EngineQuery = { ...plain, plan, exclude: new Uint32Array(1) };
  const largest = Math.min(maxBatch, engine.mostAtOnce);
  const batchOf = (...queries: readonly EngineQuery[]): EngineQuery[] =>
    Array.from({ length: largest }, (_, at) => queries[at % queries.length]!);
  if (engine.lanes > 1) {
    // A filter that seems to leave nothing is looked for as widely as any.
    const narrow = { ...filtered, plan: plan === null ? null : { ...plan, share: 0 } };
    for (const batch of [batchOf(narrow), batchOf(narrow, plain)]) {
      onProgress(`warming up with ${engine.lanes} batches of ${largest} at once`);
      await Promise.all(Array.from({ length: engine.lanes }, () => engine.answer(batch)));
    }
  }
  const isBrief = usualBatch !== undefined && !engine.coldBySize;
  for (const size of engine.coldBySize ? sizesTo(largest) : [largest]) {
    for (const query of isBrief ? [] : [plain, filtered]) {
      onProgress(`warming up with batches of ${size}`);
      await engine.answer(Array.from({ length: size }, () => query));
    }
  }
  if (isBrief) {
    const size = Math.min(largest, usualBatch);
    onProgress(`warming up with a batch of ${size}`);
    await engine.answer(Array.from({ length: size }, () => filtered));
  }
  onProgress("warming up with all clusters");
  await engine.lookEverywhere(filtered);
}

/** 1, 2, 4, ... and the largest itself. */
function sizesTo(largest: number): number[] {
  const sizes: number[] = [];
  for (let size = 1; size < largest; size *= 2) sizes.push(size);
  return [...sizes, largest];
}
