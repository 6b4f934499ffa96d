import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { smallSample } from "../result/sample-result.fixture.ts";
import type { Result } from "../result/schema.ts";
import { addToReference, MOST_RUNS, readReference, writeReference } from "./reference.ts";

let root: string;
let folder: string;
let path: string;
beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), "silverbench-reference-"))));
afterAll(() => rm(root, { recursive: true }));
beforeEach(async () => {
  folder = await mkdtemp(join(root, "of-"));
  path = join(folder, "sample.5e1fbe2c.json");
});

const sample = smallSample();
/** A run that began so many minutes after the first. */
const runAt = (minutes: number): Result => ({
  ...sample,
  startedAt: new Date(Date.UTC(2026, 10, 22, 9, minutes)).toISOString(),
});

describe("a reference", () => {
  it("holds the runs added to it, the newest last, by folder and by file", async () => {
    expect(await addToReference(path, runAt(0))).toEqual({ file: path, runs: 1 });
    const second = await addToReference(path, runAt(2));
    expect(second).toEqual({
      file: join(folder, "sample.5e1fbe2c.20261122T090200Z.json"),
      runs: 2,
    });
    await addToReference(path, runAt(1));
    for (const from of [folder, path]) {
      const times = (await readReference(from, sample)).map(({ startedAt }) => startedAt);
      expect(times).toEqual([0, 1, 2].map((minutes) => runAt(minutes).startedAt));
    }
    expect(await readReference(second.file, sample)).toHaveLength(1);
  });

  it("lets the oldest go, and all of them where another is kept in their place", async () => {
    for (let run = 0; run < MOST_RUNS + 2; run++) await addToReference(path, runAt(run));
    const kept = await readReference(folder, sample);
    expect(kept.map(({ startedAt }) => startedAt)).toEqual(
      Array.from({ length: MOST_RUNS }, (_, i) => runAt(i + 2).startedAt),
    );
    await writeReference(path, runAt(30));
    expect(await readdir(folder)).toEqual(["sample.5e1fbe2c.json"]);
    expect(await readReference(folder, sample)).toMatchObject([{ startedAt: runAt(30).startedAt }]);
  });

  it("takes no run twice, and none of another question", async () => {
    await addToReference(path, runAt(0));
    await expect(addToReference(path, runAt(0))).rejects.toThrow("in the reference already");
    const other = { ...runAt(1), dataset: { ...sample.dataset, hash: "x" } };
    await expect(addToReference(path, other)).rejects.toThrow("data set hash x");
    expect(await readReference(folder, sample)).toHaveLength(1);
  });

  it("is not made of what belongs to another scenario or class", async () => {
    await addToReference(path, runAt(0));
    await addToReference(join(folder, "sample.5e1fbe2c-b.json"), runAt(1));
    await addToReference(join(folder, "sample2.5e1fbe2c.json"), runAt(2));
    expect(await readReference(folder, sample)).toHaveLength(1);
  });
});
