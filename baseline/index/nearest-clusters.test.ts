import { describe, expect, it } from "vitest";
import { expectedBest, NONE_ELIGIBLE } from "../../src/retrieval/cluster-order.ts";
import { Random } from "../../src/math/random.ts";
import { packRows } from "../filter/pack-rows.ts";
import { RowSet } from "../row-set.ts";
import type { InvertedLists } from "./inverted-lists.ts";
import { NearestClusters } from "./nearest-clusters.ts";

/** Row by row into one cluster after the other, whose centroids lie on a line. */
function linedUp(items: number, centroids: readonly number[], spread: number): InvertedLists {
  const clusters = centroids.length;
  const byCluster = centroids.map((_, cluster) =>
    Array.from({ length: items / clusters }, (__, nth) => nth * clusters + cluster),
  );
  return {
    centroids: Float32Array.from(centroids.flatMap((x) => [x, 0])),
    starts: Uint32Array.from({ length: clusters + 1 }, (_, c) => (c * items) / clusters),
    rows: Uint32Array.from(byCluster.flat()),
    clusterOf: Uint32Array.from({ length: items }, (_, row) => row % clusters),
    spread,
  };
}

const setOf = (rows: readonly number[]): RowSet => new RowSet(packRows(Uint32Array.from(rows)));

describe("NearestClusters", () => {
  const nearest = new NearestClusters(linedUp(400, [4, 3, 2, 1], 0.5));
  const query = Float32Array.of(2, 0);

  it("has the centroids of the largest products first", () => {
    expect([...nearest.nearest(query, 3, null)]).toEqual([0, 1, 2]);
    expect([...nearest.nearest(Float32Array.of(-2, 0), 9, null)]).toEqual([3, 2, 1, 0]);
  });

  it("counts what is eligible of each cluster", () => {
    // One of the first cluster, none of the second, 2 and 100 of the others.
    const rows = [0, 2, 6, ...Array.from({ length: 100 }, (_, nth) => nth * 4 + 3)];
    const bonus = nearest.bonusOf(setOf(rows.toSorted((a, b) => a - b)));
    const expected = [expectedBest(1), NONE_ELIGIBLE, expectedBest(2), expectedBest(100)];
    expect([...bonus!]).toEqual(expected.map(Math.fround));
  });

  it("takes a far cluster that is full before a near one that is not, and an empty one last", () => {
    const rows = [0, 2, 6, ...Array.from({ length: 100 }, (_, nth) => nth * 4 + 3)];
    const bonus = nearest.bonusOf(setOf(rows.toSorted((a, b) => a - b)));
    // 8 + 0.48, none, 4 + 1.08, 2 + 3.03 of spread 0.5 and a query of length 2.
    expect([...nearest.nearest(query, 4, bonus)]).toEqual([0, 2, 3, 1]);
    const wide = new NearestClusters(linedUp(400, [4, 3, 2, 1], 5));
    const far = wide.bonusOf(setOf(rows.toSorted((a, b) => a - b)));
    expect([...wide.nearest(query, 4, far)]).toEqual([3, 2, 0, 1]);
  });

  it("leaves the order to the centroids where a filter leaves as much of each cluster", () => {
    const everyThird = Array.from({ length: 133 }, (_, nth) => 3 * nth);
    expect(nearest.bonusOf(setOf(everyThird))).toBeNull();
    expect(nearest.bonusOf(setOf([]))).toBeNull();
    // By chance alone 2 of 1,000 clusters' 10 rows in the mean: their counts differ much, shares do not.
    const random = new Random(5);
    const centroids = Array.from({ length: 1_000 }, (_, cluster) => cluster);
    const many = new NearestClusters(linedUp(10_000, centroids, 1));
    const chosen = Array.from({ length: 10_000 }, (_, row) => row).filter(
      () => random.int(5) === 0,
    );
    expect(many.bonusOf(setOf(chosen))).toBeNull();
    // Of every fifth cluster all: as many rows.
    const uneven = Array.from({ length: 10_000 }, (_, row) => row).filter((row) => row % 5 === 0);
    expect(many.bonusOf(setOf(uneven))).not.toBeNull();
  });

  it("counts a sample of many rows, about as well", () => {
    const centroids = Array.from({ length: 4_000 }, (_, cluster) => cluster % 8);
    const many = new NearestClusters(linedUp(400_000, centroids, 1));
    // Forty rows of every eighth cluster, five of the next ones, all of the third ones, none of the others.
    const exact = [40, 5, 100, 0, 0, 0, 0, 0];
    const isEligible = (row: number): boolean => Math.floor(row / 4_000) < exact[row % 8]!;
    const rows = Array.from({ length: 400_000 }, (_, row) => row).filter(isEligible);
    const bonus = many.bonusOf(setOf(rows))!;
    const meanOf = (kind: number): number =>
      bonus.reduce((sum, each, cluster) => sum + (cluster % 8 === kind ? each : 0), 0) / 500;
    for (const kind of [0, 1, 2]) {
      expect(Math.abs(meanOf(kind) - expectedBest(exact[kind]!))).toBeLessThan(0.8);
    }
    // A sample is not certain: half of what one row of it stands for.
    expect(meanOf(3)).toBeGreaterThan(NONE_ELIGIBLE);
    expect(meanOf(3)).toBeLessThan(meanOf(1));
  });
});
