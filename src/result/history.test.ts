import { appendFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { appendHistory, readHistory, toHistoryRow } from "./history.ts";
import { alteredSample, smallSample } from "./sample-result.fixture.ts";

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "history-"))));
afterAll(() => rm(folder, { recursive: true }));

test("a history grows by a line a run and is read oldest first", async () => {
  const path = join(folder, "deep", "history.jsonl");
  const late = toHistoryRow({ ...smallSample(), startedAt: "2026-12-01T00:00:00.000Z" }, [], "b");
  const early = toHistoryRow(smallSample(), [], "a");
  await appendHistory(path, late);
  await appendHistory(path, early);
  expect(await readHistory(path)).toEqual([early, late]);
  expect(Object.keys(early.overMesh)).toEqual(["mesh-in-process", "model"]);
  await appendFile(path, '{"schema":"silverb');
  expect(await readHistory(path)).toHaveLength(2);
  await appendFile(path, "\n");
  await expect(readHistory(path)).rejects.toMatchObject({ code: "DATA", where: `${path}:3` });
});

test("what was not measured is null in it, never 0", () => {
  const row = toHistoryRow(alteredSample("model", { verdict: "invalid" }), [], "");
  expect(row.systems["model"]).toMatchObject({ throughput: null, recall: null });
  expect(row.overMesh).not.toHaveProperty("model");
});
