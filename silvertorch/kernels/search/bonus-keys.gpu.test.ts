import { afterAll, expect, test } from "vitest";
import { KernelBench, openTestDevice } from "../../device/gpu.fixture.ts";
import { bonusOf } from "../../eligibility/cluster-bonus.ts";
import { EMPTY_PROGRAM, type EncodedPlan } from "../../eligibility/plan-tensors.ts";
import { packBatch } from "../../engine/fused/pack-batch.ts";
import type { EngineQuery } from "../../engine/query.ts";
import { bonusGrid, bonusKeysKernel } from "./bonus-keys.ts";
import { CENTROID_TILES, centroidGrid, centroidKeysKernel } from "./centroid-keys.ts";
import { affinityWords, codeVectors } from "./search-shape.ts";
import { random, scoreOfKey } from "./small-search.fixture.ts";

const device = await openTestDevice();
afterAll(() => device?.[Symbol.asyncDispose]());

/** More words a row than a workgroup has threads, and the last of them not whole. */
const shape = { heads: 3, clusters: 311, dim: 21 };
const SPREAD = 0.37;

const planOf = (hasBonus: boolean): EncodedPlan => ({
  scan: EMPTY_PROGRAM,
  check: null,
  share: 0.5,
  ...(hasBonus
    ? { clusterBonus: Uint8Array.from({ length: shape.clusters }, () => random.int(256)) }
    : {}),
});
const [red, blue, plain] = [planOf(true), planOf(true), planOf(false)];

test.skipIf(device === null)(
  "to the products of filtered lists is added what their filters leave in the clusters",
  async () => {
    const bench = new KernelBench(device!);
    const { heads, clusters, dim } = shape;
    const queries = [null, null, red, plain, blue, red].map((plan): EngineQuery => ({
      user: { kind: "row", row: 0 },
      k: 1,
      plan,
      exclude: new Uint32Array(0),
    }));
    const settings = { heads, clusters, probes: 2, places: 1, candidates: 1, ordersClusters: true };
    const { words, bonuses } = packBatch(queries, settings);
    const lists = queries.length * heads;
    const vectors = Array.from({ length: lists * dim }, () => random.gaussian());
    const centroids = Array.from({ length: clusters * dim }, () => random.gaussian());
    const row = affinityWords({ clusters });
    const [batch, given] = [bench.words(words), bench.floats(vectors)];
    const keys = bench.zeros(lists * row);
    await bench.run(
      "centroids",
      centroidKeysKernel(shape, CENTROID_TILES.few),
      [
        batch,
        given,
        bench.floats(centroids),
        keys,
        bench.zeros(lists * 4 * (codeVectors(shape) + 1)),
        bench.zeros(lists),
        bench.zeros(4),
      ],
      centroidGrid(lists, clusters, CENTROID_TILES.few),
    );
    const before = await bench.wordsOf(keys, lists * row);
    const open = 2 * heads;
    await bench.run(
      "bonuses",
      bonusKeysKernel(shape, SPREAD),
      [batch, given, bench.words(bonuses!), keys],
      bonusGrid(lists - open, clusters),
    );
    const after = await bench.wordsOf(keys, lists * row);
    let [worst, touched] = [0, 0];
    for (let list = 0; list < lists; list++) {
      const bonus = queries[Math.floor(list / heads)]!.plan?.clusterBonus;
      const own = before.slice(list * row, list * row + clusters);
      const found = after.slice(list * row, list * row + clusters);
      const vector = vectors.slice(list * dim, (list + 1) * dim);
      const deviations = SPREAD * Math.hypot(...vector);
      for (const [cluster, key] of found.entries()) {
        const more = bonus === undefined ? 0 : deviations * bonusOf(bonus[cluster]!);
        const expected = scoreOfKey(own[cluster]!)! + more;
        const off = Math.abs(scoreOfKey(key)! - expected);
        worst = Math.max(worst, off / Math.max(1, Math.abs(expected)));
        if (bonus === undefined && key !== own[cluster]) touched++;
      }
    }
    expect(worst).toBeLessThan(1e-5);
    expect(touched).toBe(0);
  },
);
