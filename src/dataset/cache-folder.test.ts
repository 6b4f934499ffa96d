import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { assertRoom, atomicFolder, cacheKey, defaultCacheFolder } from "./cache-folder.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "silverbench-cache-"));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

describe("defaultCacheFolder", () => {
  test("is SILVERBENCH_CACHE, else under XDG_CACHE_HOME, else under ~/.cache", () => {
    vi.stubEnv("SILVERBENCH_CACHE", "/own");
    vi.stubEnv("XDG_CACHE_HOME", "/shared");
    expect(defaultCacheFolder()).toBe("/own");
    vi.stubEnv("SILVERBENCH_CACHE", "");
    expect(defaultCacheFolder()).toBe("/shared/silverbench");
    vi.stubEnv("XDG_CACHE_HOME", "");
    expect(defaultCacheFolder()).toBe(join(homedir(), ".cache/silverbench"));
  });
});

describe("cacheKey", () => {
  test("does not depend on the order of keys, but on every value", () => {
    const key = cacheKey({ a: 1, b: { c: [1, 2], d: "x" } });
    expect(cacheKey({ b: { d: "x", c: [1, 2] }, a: 1 })).toBe(key);
    expect(cacheKey({ b: { d: "x", c: [2, 1] }, a: 1 })).not.toBe(key);
    expect(key).toMatch(/^[0-9a-f]{16}$/);
  });
});

const fill = (temporary: string): Promise<void> => writeFile(join(temporary, "file"), "whole");

describe("atomicFolder", () => {
  test("appears whole, under its name alone", async () => {
    expect(await atomicFolder(join(folder, "deep/product"), fill)).toBe(true);
    expect(await readdir(join(folder, "deep"))).toEqual(["product"]);
    expect(await readdir(join(folder, "deep/product"))).toEqual(["file"]);
  });

  test("one that is there is not filled again", async () => {
    await atomicFolder(join(folder, "product"), fill);
    const again = atomicFolder(join(folder, "product"), () => Promise.reject(new Error("filled")));
    expect(await again).toBe(false);
  });

  test("while it is filled nothing bears its name, and a failure leaves nothing", async () => {
    const path = join(folder, "product");
    const failing = atomicFolder(path, async (temporary) => {
      await fill(temporary);
      expect(existsSync(path)).toBe(false);
      throw new Error("power cut");
    });
    await expect(failing).rejects.toThrow("power cut");
    expect(await readdir(folder)).toEqual([]);
  });

  test("of two makers at once, one wins and both find it", async () => {
    const path = join(folder, "product");
    const made = await Promise.all([atomicFolder(path, fill), atomicFolder(path, fill)]);
    expect(made.toSorted()).toEqual([false, true]);
    expect(await readdir(folder)).toEqual(["product"]);
  });

  test("what a killed process left behind is removed; what a living one fills is not", async () => {
    await mkdir(join(folder, "product.tmp-999999999-aa"));
    await mkdir(join(folder, `product.tmp-${process.pid}-bb`));
    await mkdir(join(folder, "other.tmp-999999999-cc"));
    await atomicFolder(join(folder, "product"), fill);
    expect((await readdir(folder)).toSorted()).toEqual([
      "other.tmp-999999999-cc",
      "product",
      `product.tmp-${process.pid}-bb`,
    ]);
  });

  test("too little room is told before anything is written", async () => {
    const path = join(folder, "product");
    const bytes = 2 ** 60;
    const made = atomicFolder(path, () => Promise.reject(new Error("filled")), { bytes });
    await expect(made).rejects.toMatchObject({
      code: "DATA",
      where: path,
      message: expect.stringContaining(`${bytes} bytes are needed`),
      hint: expect.stringContaining("SILVERBENCH_CACHE"),
    });
    await expect(assertRoom(path, 1)).resolves.toBeUndefined();
  });

  // /dev/full is the kernel's own full disk.
  test.skipIf(!existsSync("/dev/full"))(
    "a disk that fills up on the way is named, and nothing stays",
    async () => {
      const path = join(folder, "product");
      const made = atomicFolder(path, () => writeFile("/dev/full", "much"), { bytes: 5 });
      await expect(made).rejects.toMatchObject({
        code: "DATA",
        where: path,
        message: "the disk is full: 5 bytes are needed",
      });
      expect(await readdir(folder)).toEqual([]);
    },
  );
});
