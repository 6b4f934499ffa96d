import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { smallDataset } from "../dataset.fixture.ts";
import { clusterItems, clusterSizes, defaultClusters } from "./clusters.ts";

describe("sizes", () => {
  test("clusters are whole words, hold all items, and are filled up by 15% at most", () => {
    const items = fc.integer({ min: 1000, max: 10_000_000 });
    fc.assert(
      fc.property(items, fc.integer({ min: 1, max: 65_536 }), (count, wished) => {
        const sizes = clusterSizes(count, wished);
        expect(sizes.width % 64).toBe(0);
        expect(sizes.count * sizes.width).toBeGreaterThanOrEqual(count);
        expect(sizes.count * sizes.width).toBeLessThanOrEqual(1.15 * count);
      }),
    );
  });

  test("of few items there is at least one cluster", () => {
    expect(clusterSizes(1, 4)).toEqual({ count: 1, width: 64 });
    expect(clusterSizes(100, 4)).toEqual({ count: 2, width: 64 });
  });

  test("a wish that can be met is met", () => {
    expect(clusterSizes(1_000_000, 1024)).toEqual({ count: 1024, width: 1024 });
    expect(clusterSizes(50_000, defaultClusters(50_000))).toEqual({ count: 894, width: 64 });
  });
});

test("each item has a position, each position an item or none", async () => {
  const { catalogue } = smallDataset();
  const { count, width, positions, rows } = await clusterItems(catalogue, {
    wished: 5,
    seed: 1,
    threads: 1,
    onProgress: () => {},
  });
  expect([count, width]).toEqual([5, 64]);
  for (const [row, position] of positions.entries()) expect(rows[position]).toBe(row);
  expect(rows.filter((row) => row >= 0).length).toBe(catalogue.count);
});
