import * as fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { openTestDevice } from "./gpu.fixture.ts";
import { STORAGE } from "./gpu-device.ts";
import { bind, compileKernel, linearGrid, linearMain } from "./kernel.ts";
import { Uploads } from "./uploads.ts";
import { BUFFER_USAGE } from "./webgpu.ts";

const device = await openTestDevice();
afterAll(() => device?.[Symbol.asyncDispose]());

const UNIFORM = BUFFER_USAGE.UNIFORM | BUFFER_USAGE.COPY_DST;

/** Adds up the words of a stretch. */
const SUM = /* wgsl */ `
@group(0) @binding(0) var<storage, read> source: array<u32>;
@group(0) @binding(1) var<storage, read_write> sums: array<u32>;
@group(0) @binding(2) var<uniform> stretch: vec4<u32>;
${linearMain(
  1,
  `for (var n = 0u; n < stretch.y; n++) { sums[stretch.x] += source[n]; }
  sums[stretch.x] += at;`,
)}`;

describe.skipIf(device === null)("uploads", () => {
  test("bring stretches of any length to their places, whoever is read first", async () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 200_000 }), { minLength: 1, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(lengths, async (given) => {
        const before = device!.bufferBytes.length;
        const places = given.map((_, at) =>
          given.slice(0, at).reduce((sum, each) => sum + 4 * Math.ceil(each / 4), 0),
        );
        const all = places.at(-1)! + 4 * Math.ceil(given.at(-1)! / 4);
        const target = device!.buffer("target", all);
        await using uploads = new Uploads(device!);
        for (const [at, bytes] of given.entries()) {
          const fill = async (into: Uint8Array): Promise<void> => {
            // The later ones are there before the earlier.
            for (let turns = given.length - at; turns > 0; turns--) await Promise.resolve();
            expect(into.length).toBe(bytes);
            for (let n = 0; n < bytes; n++) into[n] = at + n + 1;
          };
          await uploads.copy(bytes, fill, [target, places[at]!]);
        }
        await uploads.finish();
        const found = new Uint8Array(await device!.read(target, all));
        for (const [at, bytes] of given.entries()) {
          const wanted = Uint8Array.from({ length: bytes }, (_, n) => at + n + 1);
          expect(Buffer.compare(found.subarray(places[at], places[at]! + bytes), wanted)).toBe(0);
        }
        device!.release(target);
        await uploads[Symbol.asyncDispose]();
        expect(device!.bufferBytes.length).toBe(before);
      }),
      { numRuns: 8, seed: 1 },
    );
  });

  test("hand a stretch to kernels, and give back what these needed", async () => {
    const kernel = await compileKernel(device!, "sum", SUM);
    const sums = device!.buffer("sums", 40, STORAGE);
    const before = device!.bufferBytes.length;
    const uploads = new Uploads(device!);
    for (let at = 0; at < 10; at++) {
      await uploads.place(
        4 * (at + 1),
        async (into) => {
          new Uint32Array(into.buffer, into.byteOffset, at + 1).fill(7);
        },
        (recorder, source) => {
          const stretch = device!.bufferOf("stretch", Uint32Array.of(at, at + 1, 0, 0), UNIFORM);
          recorder.run(bind(device!, kernel, [source, sums, stretch]), linearGrid(1));
          return [stretch];
        },
      );
    }
    await uploads.finish();
    await uploads[Symbol.asyncDispose]();
    expect(device!.bufferBytes.length).toBe(before);
    const found = [...new Uint32Array(await device!.read(sums))];
    expect(found).toEqual(Array.from({ length: 10 }, (_, at) => 7 * (at + 1)));
  });

  test("a stretch that cannot be read is an error at the end, and for whoever goes on", async () => {
    const target = device!.buffer("target", 64);
    await using uploads = new Uploads(device!);
    const unreadable = (): Promise<void> => Promise.reject(new Error("the file ends here"));
    await uploads.copy(16, unreadable, [target, 0]);
    await uploads.copy(16, async () => {}, [target, 16]).catch(() => {});
    await expect(uploads.finish()).rejects.toThrow("the file ends here");
    await expect(uploads.copy(16, async () => {}, [target, 32])).rejects.toThrow("ends here");
  });
});
