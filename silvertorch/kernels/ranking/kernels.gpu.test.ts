import * as fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { KernelBench, openTestDevice } from "../../device/gpu.fixture.ts";
import { bounded } from "../../dataset.fixture.ts";
import { packFreshOpen } from "../../engine/fused/pack-fresh-open.ts";
import type { FreshOpen } from "../../engine/query.ts";
import { HEADER, HEADER_WORDS } from "../search/batch-words.ts";
import { bestByValueKernel } from "./best-by-value.ts";
import { denseLayerGrid, denseLayerKernel } from "./dense-layer.ts";
import { freshScoresGrid, freshScoresKernel } from "./fresh-scores.ts";
import { powerOfTwo } from "./order.ts";
import { tableSlots, unionKernel } from "./union.ts";
import { userComponentsKernel } from "./user-components.ts";

const device = await openTestDevice();
const bench = new KernelBench(device!);
afterAll(() => device?.[Symbol.asyncDispose]());

const NONE = 0xffff_ffff;

/** A score as a word in the same order: kernels/search/ordered-keys.ts. */
function keyOf(score: number): number {
  const bits = new Uint32Array(Float32Array.of(score + 0).buffer)[0]!;
  return (bits >= 0x8000_0000 ? ~bits : bits | 0x8000_0000) >>> 0;
}

const number = fc.integer({ min: -8, max: 8 });
const numbers = (length: number): fc.Arbitrary<number[]> =>
  fc.array(number, { minLength: length, maxLength: length });

describe.skipIf(device === null)("on the device", () => {
  test("layers side by side give what each of them says of its inputs, for any number of rows", async () => {
    const shape = {
      inDim: 70,
      outDim: 67,
      weightsAt: 2,
      layers: 2,
      reluFrom: 40,
      source: { stride: 143, at: 1 },
      target: { stride: 140, at: 3 },
    };
    const { inDim, outDim, layers, source, target } = shape;
    const biasAt = 2 + layers * inDim * outDim;
    const code = denseLayerKernel({ ...shape, biasAt });
    const sizes = { weights: biasAt + layers * outDim, rows: fc.constantFrom(1, 7, 8, 9, 21) };
    await fc.assert(
      fc.asyncProperty(
        numbers(sizes.weights),
        numbers(143 * 21),
        sizes.rows,
        async (w, x, rows) => {
          const outcome = bench.zeros(rows * 140);
          const buffers = [bench.words([rows]), bench.floats(w), bench.floats(x), outcome];
          await bench.run("dense", code, buffers, denseLayerGrid({ ...shape, biasAt }, rows));
          const found = await bench.floatsOf(outcome, rows * 140);
          for (let row = 0; row < rows; row++) {
            for (let at = 0; at < layers * outDim; at++) {
              const [layer, o] = [Math.floor(at / outDim), at % outDim];
              let sum = w[biasAt + at]!;
              for (let i = 0; i < inDim; i++) {
                const value = x[row * source.stride + source.at + layer * inDim + i]!;
                sum += value * w[2 + (layer * inDim + i) * outDim + o]!;
              }
              const wanted = o >= 40 ? Math.max(0, sum) : sum;
              expect(found[row * target.stride + target.at + at]).toBe(wanted);
            }
          }
        },
      ),
      bounded(5),
    );
  });

  test("a user's components get the length 1 / temperature; one of zeros stays", async () => {
    const [userGroups, dim, stride] = [3, 6, 20];
    const components = bench.zeros(2 * 7 * 4);
    const source = [
      [3, 0, 0, 0, 0, 4, ...Array<number>(6).fill(0), 0, 2, 0, 0, 0, 0, 9, 9],
      [...Array<number>(6).fill(1), 0, 0, 5, 0, 12, 0, -1, 0, 0, 0, 0, 0, 9, 9],
    ];
    const code = userComponentsKernel({
      userGroups,
      dim,
      stride,
      temperature: 0.5,
      targetQuads: 7,
    });
    await bench.run("components", code, [bench.floats(source.flat()), components], [2]);
    const found = await bench.floatsOf(components, 2 * 7 * 4);
    const at = (request: number, group: number, d: number): number =>
      found[(request * 7 + (d >> 2) * userGroups + group) * 4 + (d & 3)]!;
    for (const [request, row] of source.entries()) {
      for (let group = 0; group < userGroups; group++) {
        const part = row.slice(group * dim, (group + 1) * dim);
        const norm = Math.max(Math.hypot(...part), 1e-6);
        for (let d = 0; d < 8; d++) {
          expect(at(request, group, d)).toBeCloseTo((2 * (part[d] ?? 0)) / norm, 5);
        }
      }
    }
  });

  test("fresh items score their largest inner product over the heads, but for those that nobody wants", async () => {
    // More requests than are read for at once, and more items than a workgroup has.
    const [heads, dim, requests, fresh, k] = [2, 300, 11, 70, 2];
    const code = freshScoresKernel({ heads, dim });
    // Of three requests the first gets every second one, the second none, the third those before its last.
    const open = (words: readonly number[]): FreshOpen => ({
      count: fresh,
      words: Uint32Array.from(words),
    });
    const [half, all] = [open([0x5555_5555, 0x5555_5555, 0x15]), open([NONE, NONE, 0x3f])];
    const openTo = (request: number, item: number): boolean =>
      request % 3 === 0 ? item % 2 === 0 : request % 3 === 2;
    const rest = {
      user: { kind: "row", row: 0 },
      plan: null,
      exclude: new Uint32Array(0),
    } as const;
    const ofThree = [{ freshOpen: half }, {}, { freshOpen: all }];
    const packed = packFreshOpen(
      Array.from({ length: requests }, (_, request) => ({ ...rest, k, ...ofThree[request % 3]! })),
      fresh,
      k,
    );
    const words = new Uint32Array(HEADER_WORDS + packed.length);
    words[HEADER.requests] = requests;
    words[HEADER.places] = k;
    words[HEADER.freshOf] = HEADER_WORDS;
    packed.write(words, HEADER_WORDS);
    const LAST = -100;
    const values = Array.from({ length: requests }, (_, request) => [
      5,
      [-Infinity, 4, LAST][request % 3]!,
    ]).flat();
    const stride = 72;
    await fc.assert(
      fc.asyncProperty(numbers(requests * heads * dim), numbers(fresh * dim), async (q, x) => {
        const keys = bench.zeros(requests * stride);
        const buffers = [bench.words(words), bench.floats(q), bench.floats(x)];
        const bindings = [...buffers, bench.floats(values), keys];
        await bench.run("fresh", code, bindings, freshScoresGrid(fresh, requests));
        const product = (query: number, item: number): number => {
          let sum = 0;
          for (let i = 0; i < dim; i++) sum += q[query * dim + i]! * x[item * dim + i]!;
          return sum;
        };
        const wanted = Array.from({ length: requests * stride }, (_, at) => {
          const [request, item] = [Math.floor(at / stride), at % stride];
          if (item >= fresh || !openTo(request, item)) return 0;
          const score = Math.max(product(2 * request, item), product(2 * request + 1, item));
          return request % 3 === 2 && score <= LAST ? 0 : keyOf(score);
        });
        expect(await bench.wordsOf(keys, requests * stride)).toEqual(wanted);
      }),
      bounded(2),
    );
  });

  test.for([1, 2, 5])(
    "the union holds each row once, with its largest score, by chunk: %i heads",
    async (heads) => {
      const [chunks, itemsOfChunk, places] = [3, 7, 9];
      const code = unionKernel({ heads, chunks, itemsOfChunk });
      const list = fc
        .uniqueArray(fc.nat(chunks * itemsOfChunk - 1), { maxLength: places })
        .chain((rows) => fc.tuple(...rows.map((row) => fc.tuple(fc.constant(row), number))));
      const request = fc.array(list, { minLength: heads, maxLength: heads });
      const batch = fc.array(request, { minLength: 1, maxLength: 4 });
      await fc.assert(
        fc.asyncProperty(batch, async (requests) => {
          const width = heads * places;
          const slots = tableSlots(width);
          const listed = requests
            .flat()
            .flatMap((held) =>
              Array.from({ length: places }, (_, at) => held[at] ?? ([NONE, -Infinity] as const)),
            );
          const count = requests.length;
          const [rows, scores] = [bench.zeros(count * width), bench.zeros(count * width)];
          const bounds = bench.zeros(count * (chunks + 1));
          const buffers = [
            bench.words([count, places, slots, width]),
            bench.words(listed.map(([row]) => row)),
            bench.floats(listed.map(([, score]) => score)),
            bench.zeros(count * 2 * slots),
            rows,
            scores,
            bounds,
          ];
          await bench.run("union", code, buffers, [count]);
          const found = {
            rows: await bench.wordsOf(rows, count * width),
            scores: await bench.floatsOf(scores, count * width),
            bounds: await bench.wordsOf(bounds, count * (chunks + 1)),
          };
          for (const [at, lists] of requests.entries()) {
            const best = new Map<number, number>();
            for (const [row, score] of lists.flat()) {
              best.set(row, Math.max(score, best.get(row) ?? -Infinity));
            }
            const limits = found.bounds.slice(at * (chunks + 1), (at + 1) * (chunks + 1));
            const wanted = Array.from(
              { length: chunks + 1 },
              (_, chunk) => [...best.keys()].filter((row) => row < chunk * itemsOfChunk).length,
            );
            expect(limits).toEqual(wanted);
            const pairs = Array.from({ length: best.size }, (_, place) => [
              found.rows[at * width + place]!,
              found.scores[at * width + place]!,
            ]);
            const chunkOf = (row: number): number => Math.floor(row / itemsOfChunk);
            for (const [place, [row]] of pairs.entries()) {
              expect(place).toBeGreaterThanOrEqual(limits[chunkOf(row!)]!);
              expect(place).toBeLessThan(limits[chunkOf(row!) + 1]!);
            }
            expect(pairs.toSorted(([a], [b]) => a! - b!)).toEqual(
              [...best].toSorted(([a], [b]) => a - b),
            );
          }
        }),
        bounded(12),
      );
    },
  );

  test.for([
    ["in the workgroup's memory", 64],
    ["in the device's memory", null],
  ] as const)("the best by value, of equal values by row, sorted %s", async ([, sorted]) => {
    const width = 600;
    const code = bestByValueKernel({ boundsWidth: 2, sorted });
    const value = fc.oneof(
      fc.constantFrom(0, -0, 1, 3.4028234663852886e38, -3.4028234663852886e38),
      fc.float({ noNaN: true, noDefaultInfinity: true }),
    );
    const rows = fc.uniqueArray(fc.nat(5000), { maxLength: width });
    const batch = fc.array(fc.tuple(rows, fc.array(value, { minLength: 1, maxLength: 12 })), {
      minLength: 1,
      maxLength: 3,
    });
    await fc.assert(
      fc.asyncProperty(batch, fc.integer({ min: 1, max: 64 }), async (requests, k) => {
        const count = requests.length;
        const entries = powerOfTwo(k);
        // Few values, so that most are equal to others.
        const candidates = requests.map(([all, values]) =>
          all.map((row, at): [number, number] => [row, values[(at * row) % values.length]!]),
        );
        const padded = (pick: (pair: [number, number]) => number): number[] =>
          candidates.flatMap((all) =>
            Array.from({ length: width }, (_, at) => (all[at] === undefined ? 7 : pick(all[at]))),
          );
        const [bestRows, bestValues] = [bench.zeros(count * (k + 1)), bench.zeros(count * k)];
        const buffers = [
          bench.words([count, k, entries, width]),
          bench.words(candidates.flatMap((all) => [0, all.length])),
          bench.words(padded(([row]) => row)),
          bench.floats(padded(([, of]) => of)),
          bestRows,
          bestValues,
          ...(sorted === null ? [bench.zeros(count * entries * 2)] : []),
        ];
        await bench.run("best", code, buffers, [count]);
        const found = {
          rows: await bench.wordsOf(bestRows, count * (k + 1)),
          values: await bench.floatsOf(bestValues, count * k),
        };
        const counts = candidates.map((all) => Math.min(k, all.length));
        expect(found.rows.slice(count * k)).toEqual(counts);
        for (const [at, all] of candidates.entries()) {
          const wanted = all.toSorted(([a, x], [b, y]) => y - x || a - b).slice(0, k);
          const none = Array<null>(k - wanted.length).fill(null);
          const rowsOf = found.rows.slice(at * k, (at + 1) * k);
          expect(rowsOf).toEqual([...wanted.map(([row]) => row), ...none.map(() => NONE)]);
          const valuesOf = found.values.slice(at * k, (at + 1) * k);
          // Both zeros are one.
          expect(valuesOf.map((one) => one + 0)).toEqual([
            ...wanted.map(([, one]) => one + 0),
            ...none.map(() => -Infinity),
          ]);
        }
      }),
      bounded(25),
    );
  });
});
