import { afterAll, describe, expect, test } from "vitest";
import { Random } from "../../../src/math/random.ts";
import { KernelBench, openTestDevice } from "../../device/gpu.fixture.ts";
import { BUFFER_USAGE } from "../../device/webgpu.ts";
import { combine, literal, negate, type Expression } from "../../eligibility/expression.ts";
import { planExpression } from "../../eligibility/filter-plan.ts";
import { encodeProgram } from "../../eligibility/plan-tensors.ts";
import { packBatch } from "../../engine/fused/pack-batch.ts";
import type { EngineQuery } from "../../engine/query.ts";
import { HEADER, HEADER_WORDS } from "./batch-words.ts";
import { CENTROID_TILES, centroidGrid, centroidKeysKernel } from "./centroid-keys.ts";
import { clearExcludedKernel } from "./clear-excluded.ts";
import { bucketWords, pairGroups, sortPairsKernel, startsOfBucketsKernel } from "./group-pairs.ts";
import { maskedScanKernel } from "./masked-scan.ts";
import { openGrid, openScanKernel } from "./open-scan.ts";
import { refineCandidatesKernel, refineGroups } from "./refine-candidates.ts";
import { affinityWords, type SearchShape, type WorkOrder } from "./search-shape.ts";
import { selectBestKernel } from "./select-best.ts";
import { centroidSource, probesTarget } from "./select-ends.ts";

const device = await openTestDevice();
afterAll(() => device?.[Symbol.asyncDispose]());

/** Neither the dimensions nor the clusters are a multiple of anything; a bitmap takes two words. */
const shape: SearchShape = {
  dim: 21,
  heads: 1,
  clusters: 5,
  width: 64,
  bitmapRows: 4,
  cells: 0,
  hasPositions: false,
};
const POSITIONS = shape.clusters * shape.width;
const VECTORS = 2;
const EMPTY_CLUSTER = 3;
const random = new Random(11);
const codeOf = (): number => random.int(255) - 127;
const rowOfCodes = (): number[] =>
  Array.from({ length: VECTORS * 16 }, (_, d) => (d < shape.dim ? codeOf() : 0));

/** Three items of four are there, none of them in one of the clusters. */
const items = Array.from({ length: POSITIONS }, rowOfCodes);
const scales = items.map((_, at) =>
  at % 4 === 3 || Math.floor(at / shape.width) === EMPTY_CLUSTER ? -1 : (1 + (at % 7)) / 128,
);
const isThere = (position: number): boolean => scales[position]! > 0;
/** bitmaps[cluster][row][word]; row 0 are the items that there are. */
const bitmaps = Array.from({ length: shape.clusters }, (_, cluster) =>
  Array.from({ length: shape.bitmapRows }, (__, row) =>
    [0, 1].map((word) => {
      let bits = 0;
      for (let bit = 0; bit < 32; bit++) {
        const position = cluster * shape.width + word * 32 + bit;
        const set = row === 0 ? isThere(position) : random.int(2) === 1;
        if (set) bits |= 1 << bit;
      }
      return bits >>> 0;
    }),
  ),
);
const bitOf = (row: number, position: number): boolean => {
  const within = position % shape.width;
  const word = bitmaps[Math.floor(position / shape.width)]![row]![within >> 5]!;
  return ((word >>> (within & 31)) & 1) === 1;
};

/** `(1 AND 2) OR NOT 3` of the bitmaps' rows. */
const expression: Expression = combine("or", [
  combine("and", [literal(1), literal(2)]),
  negate(literal(3)),
]);
const plan = { scan: encodeProgram(planExpression(expression)!), check: null };
const passes = (position: number): boolean =>
  isThere(position) && ((bitOf(1, position) && bitOf(2, position)) || !bitOf(3, position));

/** Of the cells of each item, how many there are at most. */
const cellsOf = Array.from({ length: POSITIONS }, () =>
  Array.from({ length: 20 }, () => random.int(9)),
);
/** Some cell is 2 to 4, or one of 40 that there are not, and none is 7: more steps than are staged. */
const ranges = [[2, 4], ...Array.from({ length: 40 }, (_, n) => [50 + n, 50 + n]), [7, 7]];
const someOf = combine(
  "or",
  Array.from({ length: 41 }, (_, row) => literal(row)),
);
const check = encodeProgram(
  planExpression(combine("and", [someOf, negate(literal(41))]))!,
  (row) => ranges[row]!,
);
const passesCheck = (position: number, cells: number): boolean => {
  const row = cellsOf[position]!.slice(0, cells);
  return cells === 0 || (row.some((cell) => cell >= 2 && cell <= 4) && !row.includes(7));
};

const cellsOfPart = (first: number, end: number, cells: number): number[] =>
  cellsOf.slice(first * shape.width, end * shape.width).flatMap((row) => row.slice(0, cells));

interface Asked {
  readonly codes: readonly number[];
  readonly step: number;
  readonly clusters: readonly number[];
  readonly filtered: boolean;
  readonly exclude: readonly number[];
}

const ask = (clusters: number[], filtered: boolean, exclude: number[] = []): Asked => ({
  codes: rowOfCodes(),
  step: 1 / 64,
  clusters,
  filtered,
  exclude,
});

/** Open ones first, as batches come. Cluster 4 is looked into by one list alone, 1 by none. */
const asked = [
  ask([0, 2], false),
  ask([2, EMPTY_CLUSTER], false),
  ask([2, 0], true),
  ask([EMPTY_CLUSTER, 2], true, [128, 131, 190, 5]),
  ask([0, 4], true),
];

describe.skipIf(device === null)("the kernels of the search", () => {
  const bench = new KernelBench(device!);
  const uniform = (...words: number[]): GPUBuffer => {
    const data = new Uint32Array(4);
    data.set(words);
    return device!.bufferOf("uniform", data, BUFFER_USAGE.UNIFORM | BUFFER_USAGE.COPY_DST);
  };
  const packed = (rows: readonly (readonly number[])[]): GPUBuffer =>
    bench.words(new Uint32Array(Int8Array.from(rows.flat()).buffer));

  /** What the kernels are given of a batch that looks into these clusters. */
  const given = (
    asks: readonly Asked[],
    probes: number,
    { clusters = shape.clusters, checked = false } = {},
  ) => {
    const planOf = checked ? { ...plan, check } : plan;
    const queries = asks.map(({ filtered, exclude }): EngineQuery => ({
      user: { kind: "row", row: 0 },
      k: 1,
      plan: filtered ? planOf : null,
      exclude: Uint32Array.from(exclude),
    }));
    const settings = { heads: 1, clusters, probes, places: 1, candidates: 1 };
    const { words, search } = packBatch(queries, settings);
    const rows = asks.map(({ codes, step }) => {
      const bits = new Uint8Array(new Float32Array([step, 0, 0, 0]).buffer);
      return [...codes, ...new Int8Array(bits.buffer)];
    });
    const probed = asks.flatMap((each) => each.clusters);
    return { batch: bench.words(words), queries: packed(rows), probed, search };
  };

  /** Sorts pairs on the device. */
  const grouped = async (asks: readonly Asked[], probes = 2, clusters = shape.clusters) => {
    const { batch, probed, search } = given(asks, probes, { clusters });
    const counts = new Uint32Array(bucketWords(clusters));
    const bucketOf = (pair: number): number =>
      probed[pair]! + (pair < probes * search.openLists ? 0 : clusters);
    for (let pair = 0; pair < probed.length; pair++) counts[bucketOf(pair)]!++;
    const buffers = {
      counts: bench.words(counts),
      starts: bench.zeros(counts.length),
      cursors: bench.zeros(counts.length),
      probed: bench.words(probed),
      sorted: bench.zeros(2 * probed.length),
    };
    const { starts, cursors, sorted } = buffers;
    await bench.run(
      "starts",
      startsOfBucketsKernel({ clusters }, 64),
      [buffers.counts, starts, cursors],
      [1],
    );
    const toSort = [batch, buffers.probed, cursors, sorted];
    await bench.run("sort", sortPairsKernel({ clusters }), toSort, [pairGroups(probed.length)]);
    return { ...buffers, bucketOf, pairs: probed.length, countOf: counts };
  };

  const sizes: readonly (readonly [number, number])[] = [
    [1, 1],
    [5, 2],
    [150, 20],
  ];
  test.for(sizes)(
    "pairs of %i clusters, %i a list, are grouped, those of open lists first, and counts are zeros again",
    async ([clusters, probes]) => {
      const asks = Array.from({ length: 37 }, (_, list) => {
        const first = random.int(clusters);
        const probed = Array.from({ length: probes }, (__, n) => (first + n) % clusters);
        return ask(probed, list >= 20);
      });
      const found = await grouped(asks, probes, clusters);
      const { counts, starts, sorted, bucketOf, pairs, countOf } = found;
      const expected = [...countOf.keys()].map((at) =>
        countOf.subarray(0, at).reduce((sum, each) => sum + each, 0),
      );
      expect(await bench.wordsOf(starts, expected.length)).toEqual(expected);
      expect(new Set(await bench.wordsOf(counts, expected.length))).toEqual(new Set([0]));
      const words = await bench.wordsOf(sorted, 2 * pairs);
      const order = Array.from({ length: pairs }, (_, at) => words[2 * at]!);
      expect(order.toSorted((a, b) => a - b)).toEqual([...order.keys()]);
      const buckets = order.map(bucketOf);
      expect(buckets).toEqual(buckets.toSorted((a, b) => a - b));
      expect(order.map((_, at) => words[2 * at + 1]!)).toEqual(
        buckets.map((bucket) => bucket % clusters),
      );
    },
  );

  const scoreOf = ({ codes, step }: Asked, position: number): number =>
    Math.fround(
      Math.fround(
        codes.reduce((sum, code, d) => sum + code * items[position]![d]!, 0) * scales[position]!,
      ) * step,
    );
  const scoreOfKey = (key: number): number | null => {
    if (key === 0) return null;
    const bits = key >= 2 ** 31 ? key - 2 ** 31 : ~key >>> 0;
    return new Float32Array(new Uint32Array([bits]).buffer)[0]!;
  };

  const orders: readonly WorkOrder[] = ["byQuery", "byCluster", "all"];
  const clustersOf = (order: WorkOrder): readonly Asked[] =>
    order === "all" ? asked.map((each) => ({ ...each, clusters: [0, 1, 2, 3, 4] })) : asked;

  test.for(orders)("open lists get a score of each item that there is, %s", async (order) => {
    const asks = clustersOf(order).filter(({ filtered }) => !filtered);
    const probes = asks[0]!.clusters.length;
    const { batch, queries, probed } = given(asks, probes);
    const pairs = await grouped(asked.filter(({ filtered }) => !filtered));
    const keys = bench.words(Array.from({ length: probed.length * shape.width }, () => 7));
    // In two parts, as an index of several buffers.
    for (const [first, count] of [
      [0, 2],
      [2, 3],
    ] as const) {
      const end = (first + count) * shape.width;
      const buffers = [
        batch,
        packed(items.slice(first * shape.width, end)),
        bench.floats(scales),
        queries,
        order === "byCluster" ? pairs.starts : bench.words(probed),
        pairs.sorted,
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
  });

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

  test("candidates are scored again in full precision, where there are some", async () => {
    const vectors = Array.from({ length: POSITIONS * shape.dim }, () => random.gaussian());
    const queries = Array.from({ length: 2 * shape.dim }, () => random.gaussian());
    const candidates = [7, 300, 2, 64, 319, 0];
    const settings = { heads: 1, clusters: 5, probes: 5, places: 3, candidates: 3 };
    const query = {
      user: { kind: "row", row: 0 },
      k: 3,
      plan: null,
      exclude: new Uint32Array(0),
    } as const;
    const { words } = packBatch([query, query], settings);
    // Of the second list there is one alone.
    const keys = bench.words([1, 1, 1, 1, 0, 0]);
    for (const [first, count] of [
      [0, 100],
      [100, 220],
    ] as const) {
      const part = vectors.slice(first * shape.dim, (first + count) * shape.dim);
      const buffers = [bench.words(words), bench.floats(queries), bench.floats(part)];
      buffers.push(bench.words(candidates), keys, uniform(first, count));
      await bench.run("refine", refineCandidatesKernel(shape), buffers, [refineGroups(6)]);
    }
    const scores = (await bench.wordsOf(keys, 6)).map(scoreOfKey);
    const product = (list: number, position: number): number => {
      let sum = 0;
      for (let d = 0; d < shape.dim; d++) {
        sum += queries[list * shape.dim + d]! * vectors[position * shape.dim + d]!;
      }
      return sum;
    };
    expect(scores).toEqual([
      ...candidates
        .slice(0, 3)
        .map((position) => expect.closeTo(product(0, position), 3) as number),
      expect.closeTo(product(1, 64), 3),
      null,
      null,
    ]);
  });

  test.for(Object.values(CENTROID_TILES))(
    "queries meet all centroids, in tiles of %o",
    async (tile) => {
      const [lists, clusters, dim] = [131, 150, 21];
      const queries = Array.from({ length: lists * dim }, () => random.gaussian());
      const centroids = Array.from({ length: clusters * dim }, () => random.gaussian());
      const header = new Uint32Array(HEADER_WORDS);
      header[HEADER.lists] = lists;
      const row = affinityWords({ clusters });
      const buffers = [bench.words(header), bench.floats(queries), bench.floats(centroids)];
      buffers.push(bench.zeros(lists * row));
      const kernel = centroidKeysKernel({ dim, clusters }, tile);
      await bench.run("centroids", kernel, buffers, centroidGrid(lists, clusters, tile));
      const keys = await bench.wordsOf(buffers[3]!, lists * row);
      let worst = 0;
      for (let list = 0; list < lists; list++) {
        for (let cluster = 0; cluster < clusters; cluster++) {
          let sum = 0;
          for (let d = 0; d < dim; d++)
            sum += queries[list * dim + d]! * centroids[cluster * dim + d]!;
          worst = Math.max(worst, Math.abs(scoreOfKey(keys[list * row + cluster]!)! - sum));
        }
      }
      expect(worst).toBeLessThan(1e-4);
    },
  );

  test("clusters are counted as they are chosen, for open lists and others apart", async () => {
    const { batch } = given(asked, 2);
    const affinities = [
      [5, 1, 9, 3, 2],
      [1, 1, 1, 1, 1],
      [0, 7, 7, 0, 8],
      [4, 3, 2, 1, 0],
      [0, 0, 0, 0, 6],
    ];
    const buffers = [
      batch,
      bench.words(affinities.flatMap((row) => [...row.map((each) => each + 10), 0, 0, 0])),
      bench.zeros(10),
      bench.zeros(bucketWords(shape.clusters)),
    ];
    const kernel = selectBestKernel({
      source: centroidSource(shape),
      target: probesTarget(shape),
      threads: 64,
      capacity: 64,
      held: "workgroup",
    });
    await bench.run("choose", kernel, buffers, [asked.length]);
    const chosen = await bench.wordsOf(buffers[2]!, 10);
    // Of equal ones the first.
    expect(chosen).toEqual([2, 0, 0, 1, 4, 1, 0, 1, 4, 0]);
    const counts = await bench.wordsOf(buffers[3]!, 10);
    expect(counts).toEqual([2, 1, 1, 0, 0, 2, 2, 0, 0, 2]);
  });
});
