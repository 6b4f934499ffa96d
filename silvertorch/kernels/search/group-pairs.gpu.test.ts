import { afterAll, describe, expect, test } from "vitest";
import { KernelBench, openTestDevice } from "../../device/gpu.fixture.ts";
import { bucketWords } from "./group-pairs.ts";
import { selectBestKernel } from "./select-best.ts";
import { centroidSource, probesTarget } from "./select-ends.ts";
import { ask, asked, random, shape, smallSearch } from "./small-search.fixture.ts";

const device = await openTestDevice();
afterAll(() => device?.[Symbol.asyncDispose]());

describe.skipIf(device === null)("pairs of lists and clusters", () => {
  const bench = new KernelBench(device!);
  const { given, grouped } = smallSearch(bench);

  const sizes: readonly (readonly [number, number])[] = [
    [1, 1],
    [5, 2],
    [150, 20],
  ];
  test.for(sizes)(
    "of %i clusters, %i a list, are grouped, those of open lists first",
    async ([clusters, probes]) => {
      const asks = Array.from({ length: 37 }, (_, list) => {
        const first = random.int(clusters);
        const probed = Array.from({ length: probes }, (__, n) => (first + n) % clusters);
        return ask(probed, list >= 20);
      });
      const found = await grouped(asks, probes, clusters);
      const { starts, sorted, bucketOf, pairs, countOf } = found;
      const expected = [...countOf.keys()].map((at) =>
        countOf.subarray(0, at).reduce((sum, each) => sum + each, 0),
      );
      expect(await bench.wordsOf(starts, expected.length)).toEqual(expected);
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
      bench.zeros(20),
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

  test("where all lists are open, pairs are chained by cluster as they are chosen", async () => {
    const lists = 5;
    const asks = Array.from({ length: lists }, () => ask([0, 0], false));
    const { batch, search } = given(asks, 2);
    expect(search.isChained).toBe(true);
    const affinities = asks.map(() =>
      Array.from({ length: shape.clusters }, () => 1 + random.int(1000)),
    );
    const buffers = [
      batch,
      bench.words(affinities.flatMap((row) => [...row, 0, 0, 0])),
      bench.zeros(2 * lists),
      bench.zeros(bucketWords(shape.clusters)),
      bench.zeros(4 * lists),
    ];
    const kernel = selectBestKernel({
      source: centroidSource(shape),
      target: probesTarget(shape),
      threads: 64,
      capacity: 64,
      held: "workgroup",
    });
    await bench.run("choose", kernel, buffers, [lists]);
    const chosen = await bench.wordsOf(buffers[2]!, 2 * lists);
    const ends = await bench.wordsOf(buffers[3]!, shape.clusters);
    const chains = await bench.wordsOf(buffers[4]!, 4 * lists);
    for (const [cluster, end] of ends.entries()) {
      const chained: number[] = [];
      for (let next = end; next !== 0; next = chains[2 * (next - 1)]!) chained.push(next - 1);
      const wanted = chosen.flatMap((each, pair) => (each === cluster ? [pair] : []));
      expect(chained.toSorted((a, b) => a - b)).toEqual(wanted);
      expect(wanted.map((pair) => chains[2 * pair + 1])).toEqual(wanted.map(() => cluster));
    }
  });
});
