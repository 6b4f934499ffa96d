import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Random } from "../../src/math/random.ts";
import { DeviceIndex, writeDeviceIndex } from "./device-index.ts";
import { type DeviceWalksOptions, walkOnDevice } from "./device-walks.ts";

const items = 3_000;
const dim = 10;
const random = new Random(4);
const embeddings = Float32Array.from({ length: items * dim }, () => random.gaussian());
const queries = Float32Array.from({ length: 3 * dim }, () => random.gaussian());

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "silverbench-device-"));
  await writeDeviceIndex(folder, { embeddings, dim });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function valueOf(row: number, query: number): number {
  let sum = 0;
  for (let d = 0; d < dim; d++) sum += embeddings[row * dim + d]! * queries[query * dim + d]!;
  return sum;
}

const best = (query: number, k: number): number[] =>
  Array.from({ length: items }, (_, row) => row)
    .toSorted((a, b) => valueOf(b, query) - valueOf(a, query))
    .slice(0, k);

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
  await using index = await DeviceIndex.open(folder, { items, dim, device });
  const { rows, values, counts } = await index.walk(queries.slice(), 20);
  expect([...counts]).toEqual([20, 20, 20]);
  for (let query = 0; query < 3; query++) {
    const own = [...rows.subarray(query * 20, query * 20 + 20)];
    expect(own).toEqual(best(query, 20));
    for (const [at, row] of own.entries()) {
      expect(values[query * 20 + at]).toBeCloseTo(valueOf(row, query), 4);
    }
  }
});

it("finds the same where a batch has more scores than one product may", async () => {
  const shape = { items, dim, device: "cpu" } as const;
  await using whole = await DeviceIndex.open(folder, shape);
  await using inParts = await DeviceIndex.open(folder, { ...shape, mostScores: 2 * items });
  expect(await inParts.walk(queries.slice(), 20)).toEqual(await whole.walk(queries.slice(), 20));
});

it("walks for those of a batch that a walk is worth, as wide as the widest asks", async () => {
  await using device = await DeviceIndex.open(folder, { items, dim, device: "cpu" });
  const options: DeviceWalksOptions = {
    device,
    dim,
    items,
    builtRows: items,
    settings: { join: "auto", expansionSearch: 0, exactBelow: 0.01 },
  };
  const search = (vectors: Float32Array, eligible: number) => ({
    vectors,
    k: 10,
    eligible: { bitmap: eligible === items ? null : new Uint8Array(0), count: eligible },
    excluded: new Uint32Array(0),
  });
  const [narrow, none, heads] = await walkOnDevice(
    [
      search(queries.slice(0, dim), items),
      search(queries.slice(0, dim), 12),
      search(queries.slice(dim), items / 2),
    ],
    options,
  );
  expect(none).toBeNull();
  expect(narrow!.wanted).toBe(heads!.wanted);
  expect([...narrow!.rows.subarray(0, 10)]).toEqual(best(0, 10));
  const second = heads!.rows.subarray(heads!.wanted);
  expect([...second.subarray(0, 10)]).toEqual(best(2, 10));
  expect(heads!.counts).toHaveLength(2);
});

it.skipIf(hasNvidia)("says what is missing for a device that is not there", async () => {
  const opened = DeviceIndex.open(folder, { items, dim, device: "cuda" });
  await expect(opened).rejects.toMatchObject({ code: "UNAVAILABLE", where: "device" });
});
