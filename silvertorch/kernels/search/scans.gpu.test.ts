import { afterAll, describe, expect, test } from "vitest";
import { KernelBench, openTestDevice } from "../../device/gpu.fixture.ts";
import { clearExcludedKernel } from "./clear-excluded.ts";
import { maskedScanKernel } from "./masked-scan.ts";
import { openGrid, openScanKernel } from "./open-scan.ts";
import type { OpenOrder, WorkOrder } from "./search-shape.ts";
import {
  ask,
  asked,
  type Asked,
  bitmaps,
  cellsOfPart,
  isThere,
  items,
  passes,
  passesCheck,
  scales,
  scoreOf,
  scoreOfKey,
  shape,
  smallSearch,
} from "./small-search.fixture.ts";

const device = await openTestDevice();
afterAll(() => device?.[Symbol.asyncDispose]());

describe.skipIf(device === null)("scans", () => {
  const bench = new KernelBench(device!);
  const { uniform, packed, given, grouped } = smallSearch(bench);

  const orders: readonly WorkOrder[] = ["byQuery", "byCluster", "all"];
  const clustersOf = (order: OpenOrder): readonly Asked[] =>
    order === "all" ? asked.map((each) => ({ ...each, clusters: [0, 1, 2, 3, 4] })) : asked;

  /** Of each cluster its last pair, plus 1; of each pair the one before it, likewise, and its cluster. */
  const chained = (probed: readonly number[]): { ends: number[]; links: number[] } => {
    const ends = Array.from({ length: shape.clusters }, () => 0);
    const links = probed.flatMap((cluster, pair) => {
      const before = ends[cluster]!;
      ends[cluster] = pair + 1;
      return [before, cluster];
    });
    return { ends, links };
  };

  type Parts = readonly (readonly [number, number])[];
  /** In two parts, as an index of several buffers; in one, where there are fewer pairs than clusters. */
  const inTwo: Parts = [
    [0, 2],
    [2, 3],
  ];
  const inOne: Parts = [[0, 5]];
  const openForms: readonly (readonly [OpenOrder, number, Parts])[] = [
    ...[...orders, "chained" as const].flatMap((order) => [
      [order, 1, inTwo] as const,
      [order, 1, inOne] as const,
    ]),
    // More lists look into a cluster than are held at a time.
    ["byCluster", 20, inOne],
    ["chained", 20, inOne],
  ];
  test.for(openForms)(
    "open lists get a score of each item that there is, %s, %i times as many, parts %j",
    async ([order, times, parts]) => {
      const open = clustersOf(order).filter(({ filtered }) => !filtered);
      const asks = Array.from({ length: times }, () => open).flat();
      const probes = asks[0]!.clusters.length;
      const { batch, queries, probed } = given(asks, probes);
      const pairs = order === "byCluster" ? await grouped(asks) : null;
      const chains = chained(probed);
      const keys = bench.words(Array.from({ length: probed.length * shape.width }, () => 7));
      const work = { byCluster: pairs?.starts, chained: bench.words(chains.ends) };
      const sorted = { byCluster: pairs?.sorted, chained: bench.words(chains.links) };
      const of = order === "byCluster" || order === "chained" ? order : null;
      for (const [first, count] of parts) {
        const end = (first + count) * shape.width;
        const buffers = [
          batch,
          packed(items.slice(first * shape.width, end * shape.width)),
          bench.floats(scales),
          queries,
          (of === null ? null : work[of]) ?? bench.words(probed),
          (of === null ? null : sorted[of]) ?? bench.words(probed),
          keys,
          uniform(first, count),
        ];
        const grid = openGrid(order, { width: shape.width, clusters: count, pairs: probed.length });
        await bench.run("open", openScanKernel(shape, order), buffers, grid);
      }
      const found = await bench.wordsOf(keys, probed.length * shape.width);
      for (const [pair, cluster] of probed.entries()) {
        for (let within = 0; within < shape.width; within++) {
          const position = cluster * shape.width + within;
          const asker = asks[Math.floor(pair / probes)]!;
          const wanted = isThere(position) ? scoreOf(asker, position) : -Infinity;
          const score = scoreOfKey(found[pair * shape.width + within]!) ?? -Infinity;
          expect(score).toBeCloseTo(wanted, 5);
        }
      }
    },
  );

  test.for(["byQuery", "all"] as const)("what open lists exclude is cleared, %s", async (order) => {
    const all = [0, 1, 2, 3, 4];
    const asks = [
      ask([4, 2], false, [128, 191, 5, 319]),
      ask([1, 0], false),
      ask([2, 0], false, [64]),
    ];
    const lists = order === "all" ? asks.map((each) => ({ ...each, clusters: all })) : asks;
    const probes = lists[0]!.clusters.length;
    const { batch, probed } = given(lists, probes);
    const keys = bench.words(Array.from({ length: probed.length * shape.width }, () => 9));
    const excluded = bench.words(asks.flatMap(({ exclude }) => exclude));
    const kernel = clearExcludedKernel(shape, order);
    await bench.run("clear", kernel, [batch, excluded, bench.words(probed), keys], [3, 1]);
    const words = await bench.wordsOf(keys, probed.length * shape.width);
    const cleared = words.flatMap((word, at) => (word === 0 ? [at] : []));
    const expected = lists.flatMap(({ clusters, exclude }, list) =>
      exclude
        .filter((position) => clusters.includes(Math.floor(position / shape.width)))
        .map((position) => {
          const pair = list * probes + clusters.indexOf(Math.floor(position / shape.width));
          return pair * shape.width + (position % shape.width);
        }),
    );
    expect(cleared).toEqual(expected.toSorted((a, b) => a - b));
    expect(cleared).toHaveLength(order === "all" ? 5 : 3);
  });

  const forms: readonly (readonly [WorkOrder, number])[] = [
    ...orders.map((order) => [order, 0] as const),
    ["byCluster", 3],
    ["byCluster", 8],
    ["byQuery", 20],
  ];
  test.for(forms)(
    "filtered lists get the eligible items and no others, %s, %i cells",
    async ([order, cells]) => {
      const asks = clustersOf(order);
      const probes = asks[0]!.clusters.length;
      const { batch, queries, probed, search } = given(asks, probes, { checked: cells > 0 });
      const pairs = await grouped(asked);
      const room = probes * shape.width;
      const buffers = {
        keys: bench.zeros(asks.length * room),
        positions: bench.zeros(asks.length * room),
        counts: bench.zeros(asks.length),
      };
      for (const [first, count] of [
        [0, 2],
        [2, 3],
      ] as const) {
        const end = first + count;
        await bench.run(
          "masked",
          maskedScanKernel({ ...shape, cells }, order),
          [
            batch,
            packed(items.slice(first * shape.width, end * shape.width)),
            bench.floats(scales),
            queries,
            bench.words(bitmaps.slice(first, end).flat(2)),
            order === "byCluster" ? pairs.starts : bench.words(probed),
            pairs.sorted,
            bench.words(asks.flatMap(({ exclude }) => exclude).concat(0)),
            buffers.keys,
            buffers.positions,
            buffers.counts,
            uniform(first, count),
            ...(cells === 0 ? [] : [bench.words(cellsOfPart(first, end, cells))]),
          ],
          [3],
        );
      }
      const counts = await bench.wordsOf(buffers.counts, asks.length);
      const keys = await bench.wordsOf(buffers.keys, asks.length * room);
      const positions = await bench.wordsOf(buffers.positions, asks.length * room);
      for (const [list, each] of asks.entries()) {
        if (list < search.openLists) continue;
        const wanted = each.clusters
          .flatMap((cluster) =>
            Array.from({ length: shape.width }, (_, at) => cluster * shape.width + at),
          )
          .filter((position) => passes(position) && passesCheck(position, cells))
          .filter((position) => !each.exclude.includes(position))
          .toSorted((a, b) => a - b);
        const found = Array.from({ length: counts[list]! }, (_, at) => list * room + at);
        const byPosition = new Map(found.map((at) => [positions[at]!, scoreOfKey(keys[at]!)]));
        expect([...byPosition.keys()].toSorted((a, b) => a - b)).toEqual(wanted);
        expect(found.length).toBe(wanted.length);
        for (const position of wanted) {
          expect(byPosition.get(position)).toBeCloseTo(scoreOf(each, position), 5);
        }
      }
    },
  );
});
