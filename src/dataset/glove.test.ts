import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readDataset, readLabels, writeDataset } from "./folder.ts";
import { getGlove, gloveSource, readWords } from "./glove-source.ts";
import { resolveDataset } from "./resolve.ts";

const WORDS = 400;
const watch = { onProgress: (): void => {}, signal: new AbortController().signal };

let cacheFolder: string;
let path: string;

/** An archive as npm's, but of 400 words in 3 dimensions: word r is ["w" + r]: [r, r, 0]. */
beforeEach(async () => {
  cacheFolder = await mkdtemp(join(tmpdir(), "silverbench-glove-"));
  const vectors = Object.fromEntries(
    Array.from({ length: WORDS }, (_, row) => [`w${row + 1}`, [row + 1, row + 1, 0, 1.5, row]]),
  );
  mkdirSync(join(cacheFolder, "package"));
  writeFileSync(join(cacheFolder, "package/words.json"), JSON.stringify({ precision: 8, vectors }));
  path = join(cacheFolder, "words.tgz");
  execFileSync("tar", ["-czf", path, "package"], { cwd: cacheFolder });
});
afterEach(() => rm(cacheFolder, { recursive: true }));

const archive = (changes = {}): Parameters<typeof readWords>[0] => ({
  path,
  entry: "package/words.json",
  words: WORDS,
  dim: 3,
  ...changes,
});

describe("readWords", () => {
  test("gives the words in order, unit-length, with their rank as id", async () => {
    const { catalogue, labels } = await readWords(archive(), watch);
    expect(labels!.items.slice(0, 3)).toEqual(["w1", "w2", "w3"]);
    expect([...catalogue.ids.subarray(0, 3)]).toEqual([1, 2, 3]);
    const half = Math.fround(Math.SQRT1_2);
    expect([...catalogue.embeddings.subarray(0, 6)]).toEqual([half, half, 0, half, half, 0]);
  });

  test("refuses an archive with more, fewer or other words", async () => {
    await expect(readWords(archive({ words: 401 }), watch)).rejects.toThrow(
      "expected 401 words, got 400",
    );
    await expect(readWords(archive({ words: 399 }), watch)).rejects.toThrow(
      "expected word 399 of 399",
    );
    await expect(readWords(archive({ dim: 2 }), watch)).rejects.toMatchObject({ code: "DATA" });
    await expect(readWords(archive({ path: "/no/such.tgz" }), watch)).rejects.toThrow("ENOENT");
  });
});

const options = (): Parameters<typeof resolveDataset>[2] => ({ ...watch, cacheFolder });

describe("glove-100", () => {
  beforeEach(async () => {
    await writeDataset(gloveSource(cacheFolder), await readWords(archive(), watch), () => {});
  });

  test("is not fetched again once it is there", async () => {
    const got = await getGlove({ ...watch, cacheFolder });
    expect(got).toEqual({ folder: gloveSource(cacheFolder), fetched: false });
  });

  test("held-out words are users, the others are items, in order of frequency", async () => {
    const { folder } = await resolveDataset({ kind: "glove-100", users: 100 }, 1, options());
    const { catalogue, users } = await readDataset(folder, { verify: true });
    const labels = (await readLabels(folder))!;
    expect([catalogue.count, users.count]).toEqual([300, 100]);
    expect(new Set([...catalogue.ids, ...users.ids]).size).toBe(400);
    expect(catalogue.ids).toEqual(catalogue.ids.toSorted());
    expect(labels.items).toEqual(Array.from(catalogue.ids, (id) => `w${id}`));
    expect(labels.users).toEqual(Array.from(users.ids, (id) => `w${id}`));
    const rank = catalogue.columns.find(({ name }) => name === "rank");
    expect(rank!.values).toEqual(Float32Array.from(catalogue.ids));
  });

  test("held-out words come from all ranks alike", async () => {
    const { folder } = await resolveDataset({ kind: "glove-100", users: 100 }, 1, options());
    const { users } = await readDataset(folder, { verify: false });
    const frequent = users.ids.filter((id) => id <= 200).length;
    // Hypergeometric: mean 50, standard deviation 4.3.
    expect(Math.abs(frequent - 50)).toBeLessThan(5 * 4.3);
  });

  test("`items` keeps the most frequent words", async () => {
    const { folder } = await resolveDataset(
      { kind: "glove-100", items: 100, users: 50 },
      1,
      options(),
    );
    const { catalogue, users } = await readDataset(folder, { verify: false });
    expect(Math.max(...catalogue.ids, ...users.ids)).toBe(150);
  });

  test("another seed holds out other words", async () => {
    const [one, two] = await Promise.all(
      [1, 2].map((seed) => resolveDataset({ kind: "glove-100", users: 100 }, seed, options())),
    );
    expect(one!.hash).not.toBe(two!.hash);
  });

  test("more words than there are is bad input", async () => {
    for (const spec of [
      { kind: "glove-100", items: 301, users: 100 },
      { kind: "glove-100", users: 400 },
    ] as const) {
      await expect(resolveDataset(spec, 1, options())).rejects.toMatchObject({
        code: "BAD_INPUT",
        where: "dataset",
      });
    }
  });
});
