import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { LiveItem } from "../../src/retrieval/live-item.ts";
import { readChanges, writeChanges } from "./changes-file.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "silverbench-changes-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Views of one array, as items of a batch of updates are. */
const numbers = Float32Array.from({ length: 2_000 }, (_, at) => at / 7);
const itemOf = (id: number, denseDim: number): LiveItem => ({
  id,
  embedding: numbers.subarray(id, id + 5),
  dense: numbers.subarray(id, id + denseDim),
  attributes: new Map<string, readonly string[] | number>([
    ["lang", ["en", `v${id}`]],
    ["price", id / 3],
  ]),
});

const changesOf = (items: number, denseDim = 3) => ({
  items: Array.from({ length: items }, (_, id) => itemOf(id, denseDim)),
  deleted: Float64Array.of(7, 2 ** 40),
  version: 1_234,
});

test.for([0, 1, 256, 700])("changes are read as they were written: %i items", async (items) => {
  const file = join(folder, `${items}`);
  await writeChanges(file, changesOf(items));
  expect(await readChanges(file)).toEqual(changesOf(items));
  await writeChanges(file, changesOf(items, 0));
  expect(await readChanges(file)).toEqual(changesOf(items, 0));
});

test("changes that are cut short, or not there, are refused", async () => {
  const file = join(folder, "whole");
  await writeChanges(file, changesOf(300));
  const bytes = await readFile(file);
  const cut = join(folder, "cut");
  for (const length of [0, 3, bytes.length >> 1, bytes.length - 1]) {
    await writeFile(cut, bytes.subarray(0, length));
    await expect(readChanges(cut)).rejects.toMatchObject({ code: "DATA", where: cut });
  }
  await expect(readChanges(join(folder, "none"))).rejects.toMatchObject({ code: "DATA" });
});
