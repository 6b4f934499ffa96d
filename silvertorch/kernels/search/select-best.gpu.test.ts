import * as fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { compileKernel, bind } from "../../device/kernel.ts";
import { KernelBench, openTestDevice } from "../../device/gpu.fixture.ts";
import { HEADER, HEADER_WORDS } from "./batch-words.ts";
import { selectBestKernel, type SelectOptions } from "./select-best.ts";

const device = await openTestDevice();
afterAll(() => device?.[Symbol.asyncDispose]());

/** More than are compared with each other one by one. */
const CAPACITY = 256;

describe.skipIf(device === null)("of any entries the best are selected, in order", () => {
  const bench = new KernelBench(device!);

  const selecting = async (
    held: SelectOptions["held"],
    capacity = CAPACITY,
  ): Promise<(keys: readonly number[], wanted: number) => Promise<[number, number][]>> => {
    const kernel = await compileKernel(device!, "select", kernelOf(held, capacity));
    return async (keys, wanted) => {
      const header = new Uint32Array(HEADER_WORDS);
      header[HEADER.places] = wanted;
      header[HEADER.candidates] = keys.length;
      const outcome = bench.zeros(2 * capacity);
      const buffers = [bench.words(header), bench.words(keys), outcome];
      if (held === "buffer") buffers.push(bench.zeros(2 * capacity));
      const bound = bind(device!, kernel, buffers);
      device!.submit("select", (encoder) => {
        const pass = encoder.beginComputePass();
        pass.setPipeline(kernel.pipeline);
        pass.setBindGroup(0, bound.group);
        pass.dispatchWorkgroups(1);
        pass.end();
      });
      const words = await bench.wordsOf(outcome, 2 * wanted);
      for (const buffer of buffers) device!.release(buffer);
      return Array.from({ length: wanted }, (_, at) => [words[2 * at]!, words[2 * at + 1]!]);
    };
  };

  test.for(["workgroup", "buffer"] as const)("held in a %s", async (held) => {
    const select = await selecting(held);
    await fc.assert(
      fc.asyncProperty(anyKeys, fc.integer({ min: 1, max: CAPACITY }), async (keys, wanted) => {
        expect(await select(keys, wanted)).toEqual(expected(keys, wanted));
      }),
      { numRuns: 25 },
    );
  });

  test("ten thousand of them, the last of which are a few of very many equal ones", async () => {
    const select = await selecting("buffer", 2 ** 14);
    const keys = Array.from({ length: 40_009 }, (_, at) =>
      at % 5 === 0 ? 2 ** 31 + at : at % 5 < 4 ? 2 ** 31 - 7 : 1 + at,
    );
    expect(await select(keys, 10_000)).toEqual(expected(keys, 10_000));
  });
});

/** Few or many, all over the place, near each other, mostly equal, mostly none. */
const anyKeys = fc
  .record({
    length: fc.constantFrom(0, 1, 5, CAPACITY, CAPACITY + 1, 1000, 8191, 8200, 20_003),
    spread: fc.constantFrom(0, 1, 3, 500, 70_000, 2 ** 31),
    absent: fc.constantFrom(0, 0.5, 0.999),
    seed: fc.integer(),
  })
  .map(({ length, spread, absent, seed }) => {
    let state = seed >>> 0;
    const next = (): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 32;
    };
    return Array.from({ length }, () =>
      next() < absent ? 0 : (2 ** 31 + Math.floor((next() - 0.5) * spread)) >>> 0,
    );
  });

/** Key descending, then id ascending; ids count down from the end, so that their order matters. */
function expected(keys: readonly number[], wanted: number): [number, number][] {
  const sorted = keys
    .map((key, at): [number, number] => [key, keys.length - at])
    .filter(([key]) => key !== 0)
    .toSorted((a, b) => b[0] - a[0] || a[1] - b[1])
    .slice(0, wanted);
  return Array.from({ length: wanted }, (_, at) => sorted[at] ?? [0, 0xffff_ffff]);
}

function kernelOf(held: SelectOptions["held"], capacity: number): string {
  return selectBestKernel({
    source: {
      bindings: "@group(0) @binding(1) var<storage, read> keys: array<u32>;",
      nextBinding: 2,
      count: "return candidates();",
      keys: "return vec4<u32>(keys[n], keys[min(n + 1u, candidates() - 1u)], keys[min(n + 2u, candidates() - 1u)], keys[min(n + 3u, candidates() - 1u)]);",
      id: "return candidates() - n;",
    },
    target: {
      bindings: (first) =>
        `@group(0) @binding(${first}) var<storage, read_write> outcome: array<u32>;`,
      wanted: "return places();",
      emit: "outcome[2u * place] = key; outcome[2u * place + 1u] = id;",
    },
    threads: 64,
    capacity,
    held,
  });
}
