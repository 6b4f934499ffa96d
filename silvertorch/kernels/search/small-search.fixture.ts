import { Random } from "../../../src/math/random.ts";
import type { KernelBench } from "../../device/gpu.fixture.ts";
import { BUFFER_USAGE } from "../../device/webgpu.ts";
import { combine, literal, negate, type Expression } from "../../eligibility/expression.ts";
import { planExpression } from "../../eligibility/filter-plan.ts";
import { encodeProgram } from "../../eligibility/plan-tensors.ts";
import { packBatch } from "../../engine/fused/pack-batch.ts";
import type { EngineQuery } from "../../engine/query.ts";
import { bucketWords, pairGroups, sortPairsKernel, startsOfBucketsKernel } from "./group-pairs.ts";
import type { SearchShape } from "./search-shape.ts";

/** Neither the dimensions nor the clusters are a multiple of anything; a bitmap takes two words. */
export const shape: SearchShape = {
  dim: 21,
  heads: 1,
  clusters: 5,
  width: 64,
  bitmapRows: 4,
  cells: 0,
  hasPositions: false,
};
export const POSITIONS = shape.clusters * shape.width;
const VECTORS = 2;
const EMPTY_CLUSTER = 3;
export const random = new Random(11);
const codeOf = (): number => random.int(255) - 127;
const rowOfCodes = (): number[] =>
  Array.from({ length: VECTORS * 16 }, (_, d) => (d < shape.dim ? codeOf() : 0));

/** Three items of four are there, none of them in one of the clusters. */
export const items = Array.from({ length: POSITIONS }, rowOfCodes);
export const scales = items.map((_, at) =>
  at % 4 === 3 || Math.floor(at / shape.width) === EMPTY_CLUSTER ? -1 : (1 + (at % 7)) / 128,
);
export const isThere = (position: number): boolean => scales[position]! > 0;
/** bitmaps[cluster][row][word]; row 0 are the items that there are. */
export const bitmaps = Array.from({ length: shape.clusters }, (_, cluster) =>
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
const plan = { scan: encodeProgram(planExpression(expression)!), check: null, share: 1 };
export const passes = (position: number): boolean =>
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
export const passesCheck = (position: number, cells: number): boolean => {
  const row = cellsOf[position]!.slice(0, cells);
  return cells === 0 || (row.some((cell) => cell >= 2 && cell <= 4) && !row.includes(7));
};

export const cellsOfPart = (first: number, end: number, cells: number): number[] =>
  cellsOf.slice(first * shape.width, end * shape.width).flatMap((row) => row.slice(0, cells));

export interface Asked {
  readonly codes: readonly number[];
  readonly step: number;
  readonly clusters: readonly number[];
  readonly filtered: boolean;
  readonly exclude: readonly number[];
}

export const ask = (clusters: number[], filtered: boolean, exclude: number[] = []): Asked => ({
  codes: rowOfCodes(),
  step: 1 / 64,
  clusters,
  filtered,
  exclude,
});

/** Open ones first, as batches come. Cluster 4 is looked into by one list alone, 1 by none. */
export const asked = [
  ask([0, 2], false),
  ask([2, EMPTY_CLUSTER], false),
  ask([2, 0], true),
  ask([EMPTY_CLUSTER, 2], true, [128, 131, 190, 5]),
  ask([0, 4], true),
];

/** For tests: what the kernels of the search are given of that index, and what scores they make. */
export function smallSearch(bench: KernelBench) {
  /** Up to four words that a kernel reads as a uniform. */
  const uniform = (...words: number[]): GPUBuffer => {
    const data = new Uint32Array(4);
    data.set(words);
    return bench.device.bufferOf("uniform", data, BUFFER_USAGE.UNIFORM | BUFFER_USAGE.COPY_DST);
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
    await bench.run("sort", sortPairsKernel({ clusters, heads: 1 }), toSort, [
      pairGroups(probed.length),
    ]);
    return { ...buffers, bucketOf, pairs: probed.length, countOf: counts };
  };
  return { uniform, packed, given, grouped };
}

/** The score of an item, as the device computes it. */
export const scoreOf = ({ codes, step }: Asked, position: number): number =>
  Math.fround(
    Math.fround(
      codes.reduce((sum, code, d) => sum + code * items[position]![d]!, 0) * scales[position]!,
    ) * step,
  );
/** The score that a key stands for; null: none. */
export const scoreOfKey = (key: number): number | null => {
  if (key === 0) return null;
  const bits = key >= 2 ** 31 ? key - 2 ** 31 : ~key >>> 0;
  return new Float32Array(new Uint32Array([bits]).buffer)[0]!;
};
