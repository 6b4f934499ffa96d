import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Device } from "../../src/onnx/device.ts";
import { Random } from "../../src/math/random.ts";
import { DeviceIndex, writeDeviceIndex } from "./device-index.ts";
import { type DeviceWalksOptions, walkOnDevice } from "./device-walks.ts";
import { packRows } from "../filter/pack-rows.ts";
import { RowSet } from "../row-set.ts";
import { bitsTypeOf, passingBits } from "./passing-bits.ts";

const items = 20_000;
const dim = 10;
const random = new Random(4);
const embeddings = Float32Array.from({ length: items * dim }, () => random.gaussian());
const queries = Float32Array.from({ length: 3 * dim }, () => random.gaussian());

let folder: string;
let webgpuFolder: string;
const folderOf = (device: Device): string => (device === "webgpu" ? webgpuFolder : folder);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "silverbench-device-"));
  webgpuFolder = await mkdtemp(join(folder, "webgpu-"));
  // A processor and CUDA have the same form.
  await writeDeviceIndex(folder, { embeddings, dim, device: "cpu" });
  await writeDeviceIndex(webgpuFolder, { embeddings, dim, device: "webgpu" });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function valueOf(row: number, query: number): number {
  let sum = 0;
  for (let d = 0; d < dim; d++) sum += embeddings[row * dim + d]! * queries[query * dim + d]!;
  return sum;
}

const best = (query: number, k: number, passes: (row: number) => boolean = () => true): number[] =>
  Array.from({ length: items }, (_, row) => row)
    .filter(passes)
    .toSorted((a, b) => valueOf(b, query) - valueOf(a, query))
    .slice(0, k);

const bits = (filters: readonly (RowSet | null)[], device: Device) =>
  passingBits(filters, { items, type: bitsTypeOf(device) });

const everySeventh = packRows(
  Uint32Array.from({ length: Math.ceil(items / 7) }, (_, at) => at * 7),
);
const three = packRows(Uint32Array.of(5, 77, items - 1));

// Without a GPU, Chromium's software one plays it.
const SOFTWARE = "/usr/lib/chromium/vk_swiftshader_icd.json";
if (existsSync(SOFTWARE)) process.env["VK_ICD_FILENAMES"] ??= SOFTWARE;
const hasVulkan = process.env["VK_ICD_FILENAMES"] !== undefined;

const hasNvidia = existsSync("/dev/nvidia0");
const devices = [
  "cpu",
  ...(hasVulkan ? ["webgpu" as const] : []),
  ...(hasNvidia ? ["cuda" as const] : []),
] as const;

it.each(devices)("finds the best rows of each query of a batch on %s", async (device) => {
  await using index = await DeviceIndex.open(folderOf(device), { items, dim, device });
  const { rows, values, counts } = await index.walk(
    queries.slice(),
    bits([null, null, null], device),
    20,
  );
  expect([...counts]).toEqual([20, 20, 20]);
  for (let query = 0; query < 3; query++) {
    const own = [...rows.subarray(query * 20, query * 20 + 20)];
    expect(own).toEqual(best(query, 20));
    for (const [at, row] of own.entries()) {
      expect(values[query * 20 + at]).toBeCloseTo(valueOf(row, query), 4);
    }
  }
});

it.each(devices)("finds nothing that a query's filter forbids on %s", async (device) => {
  await using index = await DeviceIndex.open(folderOf(device), { items, dim, device });
  const filters = bits([new RowSet(everySeventh), null, new RowSet(three)], device);
  const { rows, counts } = await index.walk(queries.slice(), filters, 20);
  expect([...counts]).toEqual([20, 20, 3]);
  expect([...rows.subarray(0, 20)]).toEqual(best(0, 20, (row) => row % 7 === 0));
  expect([...rows.subarray(20, 40)]).toEqual(best(1, 20));
  const passing = new Set([5, 77, items - 1]);
  expect([...rows.subarray(40, 43)]).toEqual(best(2, 3, (row) => passing.has(row)));
});

it("finds the same where a batch has more scores than one product may", async () => {
  const shape = { items, dim, device: "cpu" } as const;
  await using whole = await DeviceIndex.open(folder, shape);
  await using inParts = await DeviceIndex.open(folder, { ...shape, mostScores: 2 * items });
  const filters = () => bits([null, new RowSet(everySeventh), new RowSet(three)], "cpu");
  const found = await inParts.walk(queries.slice(), filters(), 20);
  expect(found).toEqual(await whole.walk(queries.slice(), filters(), 20));
});

it("walks for those of a batch that a walk is worth, as wide as the widest asks", async () => {
  await using device = await DeviceIndex.open(folder, { items, dim, device: "cpu" });
  const options: DeviceWalksOptions = {
    device,
    dim,
    items,
    builtRows: items,
    range: null,
    settings: { join: "auto", expansionSearch: 0, exactBelow: 0.01 },
  };
  const search = (vectors: Float32Array, bitmap: Uint8Array | null, count: number) => ({
    vectors,
    k: 10,
    eligible: { bitmap, count },
    excluded: new Uint32Array(0),
  });
  const batch = [
    search(queries.slice(0, dim), null, items),
    search(queries.slice(0, dim), three, 3),
    search(queries.slice(dim), everySeventh, Math.ceil(items / 7)),
  ];
  const [all, none, heads] = await walkOnDevice(batch, options);
  expect(none).toBeNull();
  expect(all!.wanted).toBe(heads!.wanted);
  expect([...all!.rows.subarray(0, 10)]).toEqual(best(0, 10));
  const second = heads!.rows.subarray(heads!.wanted);
  expect([...second.subarray(0, 10)]).toEqual(best(2, 10, (row) => row % 7 === 0));
  expect(heads!.counts).toHaveLength(2);
  // Where the filter comes after the walk, it is given whatever is near.
  const after = { ...options, settings: { ...options.settings, join: "post" as const } };
  const [, , unfiltered] = await walkOnDevice(batch, after);
  expect([...unfiltered!.rows.subarray(0, 10)]).toEqual(best(1, 10));
});

it("walks a shard for the rows of its own that pass", async () => {
  const range = { from: 1_003, to: items };
  const own = items - range.from;
  const shard = await mkdtemp(join(folder, "shard-"));
  await writeDeviceIndex(shard, {
    embeddings: embeddings.subarray(range.from * dim),
    dim,
    device: "cpu",
  });
  await using device = await DeviceIndex.open(shard, { items: own, dim, device: "cpu" });
  const settings = { join: "auto", expansionSearch: 0, exactBelow: 0.01 } as const;
  const shape = { device, dim, items: own, builtRows: items, range, settings };
  const eligible = { bitmap: everySeventh, count: Math.ceil(items / 7) };
  const vectors = queries.slice(0, dim);
  const asked = { vectors, k: 10, eligible, excluded: new Uint32Array(0) };
  const [found] = await walkOnDevice([asked], shape);
  const rows = [...found!.rows.subarray(0, 10)].map((row) => row + range.from);
  expect(rows).toEqual(best(0, 10, (row) => row >= range.from && row % 7 === 0));
});

it.skipIf(hasNvidia)("says what is missing for a device that is not there", async () => {
  const opened = DeviceIndex.open(folder, { items, dim, device: "cuda" });
  await expect(opened).rejects.toMatchObject({ code: "UNAVAILABLE", where: "device" });
});
