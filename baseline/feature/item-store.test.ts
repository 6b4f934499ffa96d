import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Catalogue } from "../../src/retrieval/catalogue.ts";
import { ChangedRecords } from "./changed-records.ts";
import { ItemStore, writeItems } from "./item-store.ts";
import { LmdbRecords } from "./lmdb-records.ts";

const count = 12_000; // more than one transaction
const rows = Uint32Array.of(11_999, 0, 5_001, 0);
const shared = (length: number, of: (at: number) => number): Float32Array =>
  new Float32Array(new SharedArrayBuffer(length * 4)).map((_, at) => of(at));

const catalogue: Catalogue = {
  count,
  dim: 3,
  embeddings: shared(count * 3, (at) => at / 4),
  denseDim: 2,
  dense: shared(count * 2, (at) => -at),
  ids: Float64Array.from({ length: count }, (_, row) => row),
  columns: [
    {
      kind: "categorical",
      name: "topic",
      vocabulary: [],
      // As many codes as the row's remainder by 3.
      ...codesOf((row) => Array.from({ length: row % 3 }, (_, at) => row + at)),
    },
    { kind: "numeric", name: "age", values: shared(count, (row) => (row === 0 ? NaN : row)) },
    {
      kind: "categorical",
      name: "lang",
      vocabulary: [],
      ...codesOf((row) => [row % 7]),
    },
  ],
};

function codesOf(of: (row: number) => number[]): { offsets: Uint32Array; values: Uint32Array } {
  const offsets = new Uint32Array(count + 1);
  const values: number[] = [];
  for (let row = 0; row < count; row++) {
    values.push(...of(row));
    offsets[row + 1] = values.length;
  }
  return { offsets, values: Uint32Array.from(values) };
}

let folder: string;
let store: ItemStore;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "silverbench-items-"));
  await writeItems(folder, catalogue, () => {});
  const kinds = catalogue.columns.map(({ kind }) => kind);
  store = new ItemStore(
    new LmdbRecords(folder, "rows"),
    { itemDim: 5, kinds },
    new ChangedRecords(catalogue.columns),
  );
});
afterAll(async () => {
  await store[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

it("gives embedding and dense features, in the order asked", async () => {
  const { features, columns } = await store.read({ rows, features: true, columns: [] });
  const { embeddings, dense } = catalogue;
  const expected = [...rows].flatMap((row) => [
    ...embeddings.subarray(row * 3, row * 3 + 3),
    ...dense.subarray(row * 2, row * 2 + 2),
  ]);
  expect([...features]).toEqual(expected);
  expect(columns).toEqual([]);
});

it("gives the columns asked for, of either kind", async () => {
  const { features, columns } = await store.read({ rows, features: false, columns: [2, 1, 0] });
  expect(features).toHaveLength(0);
  expect(columns).toEqual([
    {
      kind: "categorical",
      offsets: Uint32Array.of(0, 1, 2, 3, 4),
      values: Uint32Array.of(11_999 % 7, 0, 5_001 % 7, 0),
    },
    { kind: "numeric", values: Float32Array.of(11_999, NaN, 5_001, NaN) },
    {
      kind: "categorical",
      offsets: Uint32Array.of(0, 2, 2, 2, 2),
      values: Uint32Array.of(11_999, 12_000),
    },
  ]);
});

it("names a row that is not there", async () => {
  const query = { rows: Uint32Array.of(1, count), features: true, columns: [] };
  await expect(store.read(query)).rejects.toThrow(`row ${count}`);
});
