import { copied } from "../../engine/fused/answers.ts";
import { FusedLane, type ForwardPass } from "../../engine/fused/fused-lane.ts";
import { packBatch } from "../../engine/fused/pack-batch.ts";
import type { EngineQuery } from "../../engine/query.ts";

/** How well queries are answered that look into so many clusters. */
export interface Quality {
  readonly probes: number;
  /** Against the answer of all clusters. */
  readonly recall: number;
  /** Lists with fewer places than were asked for. */
  readonly short: number;
  readonly lists: number;
}

/** Places that are scored at once where all clusters are looked into: 1 GiB of keys. */
const MOST_SLOTS = 2 ** 28;

/** Queries that all clusters can be searched for at once; 0: not even one. */
export function sampleSize({ index }: ForwardPass): number {
  const { clusters, width, heads } = index.shape;
  return Math.min(32, Math.floor(MOST_SLOTS / (clusters * width * heads)));
}

/**
 * The fewest probes, of 8, 12, 16, 24, 32, .., whose answers are full and have the recall that is
 * asked for, and what the ones before had.
 */
export async function enoughProbes(
  pass: ForwardPass,
  queries: readonly EngineQuery[],
  { k, recall }: { readonly k: number; readonly recall: number },
): Promise<readonly Quality[]> {
  const { clusters } = pass.index.shape;
  const lane = new FusedLane(pass);
  const answer = async (probes: number): Promise<Set<number>[]> => {
    const { heads } = pass.index.shape;
    const batch = packBatch(queries, { heads, clusters, probes, places: k, candidates: k });
    const { counts, width, rows } = (await lane.run(batch, copied)).result;
    return Array.from({ length: queries.length * heads }, (_, list) => {
      return new Set(rows.subarray(list * width, list * width + counts[list]!));
    });
  };
  try {
    const truth = await answer(clusters);
    const tried: Quality[] = [];
    for (const probes of probesToTry(clusters)) {
      const quality = { probes, ...qualityOf(truth, await answer(probes)) };
      tried.push(quality);
      if (quality.recall >= recall && quality.short === 0) break;
    }
    return tried;
  } finally {
    lane.dispose();
  }
}

function probesToTry(clusters: number): number[] {
  const probes: number[] = [];
  for (let power = 8; power < clusters; power *= 2) probes.push(power, power * 1.5);
  return [...probes.filter((each) => each < clusters), clusters];
}

function qualityOf(
  truth: readonly ReadonlySet<number>[],
  found: readonly ReadonlySet<number>[],
): Omit<Quality, "probes"> {
  let hits = 0;
  let all = 0;
  let short = 0;
  for (const [list, wanted] of truth.entries()) {
    all += wanted.size;
    for (const row of found[list]!) if (wanted.has(row)) hits++;
    if (found[list]!.size < wanted.size) short++;
  }
  return { recall: all === 0 ? 1 : hits / all, short, lists: truth.length };
}
