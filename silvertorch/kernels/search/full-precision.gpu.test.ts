import { afterAll, describe, expect, test } from "vitest";
import { KernelBench, openTestDevice } from "../../device/gpu.fixture.ts";
import { packBatch } from "../../engine/fused/pack-batch.ts";
import { HEADER, HEADER_WORDS } from "./batch-words.ts";
import { CENTROID_TILES, centroidGrid, centroidKeysKernel } from "./centroid-keys.ts";
import { refineCandidatesKernel, refineGroups } from "./refine-candidates.ts";
import { affinityWords, codeVectors } from "./search-shape.ts";
import { POSITIONS, random, scoreOfKey, shape, smallSearch } from "./small-search.fixture.ts";

const device = await openTestDevice();
afterAll(() => device?.[Symbol.asyncDispose]());

describe.skipIf(device === null)("in full precision", () => {
  const bench = new KernelBench(device!);
  const { uniform } = smallSearch(bench);

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
      const vectors = codeVectors({ dim });
      const codeWords = 4 * (vectors + 1);
      const full = (length: number): GPUBuffer => bench.words(Array.from({ length }, () => 7));
      buffers.push(bench.zeros(lists * row), full(lists * codeWords), full(lists), full(301));
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
      // Beside it queries are quantised, and what will be counted is emptied.
      const codes = new Int8Array(
        Uint32Array.from(await bench.wordsOf(buffers[4]!, lists * codeWords)).buffer,
      );
      let [furthest, steps] = [0, 0];
      for (let list = 0; list < lists; list++) {
        const query = queries.slice(list * dim, (list + 1) * dim);
        const step = Math.max(...query.map(Math.abs)) / 127;
        const first = list * codeWords * 4;
        const found = new Float32Array(codes.buffer, first + vectors * 16, 1)[0]!;
        steps = Math.max(steps, Math.abs(found / step - 1));
        for (let d = 0; d < vectors * 16; d++) {
          furthest = Math.max(furthest, Math.abs(codes[first + d]! - (query[d] ?? 0) / step));
        }
      }
      expect(steps).toBeLessThan(1e-6);
      expect(furthest).toBeLessThan(0.5001);
      expect(new Set(await bench.wordsOf(buffers[5]!, lists))).toEqual(new Set([0]));
      expect(new Set(await bench.wordsOf(buffers[6]!, 301))).toEqual(new Set([0]));
    },
  );
});
