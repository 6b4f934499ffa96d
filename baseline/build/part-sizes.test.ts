import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkSizes, noteSizes } from "./part-sizes.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "silverbench-sizes-"));
  await writeFile(join(folder, "graph"), Buffer.alloc(1000));
  await writeFile(join(folder, "lock.mdb"), Buffer.alloc(10));
  await noteSizes(folder);
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe("the sizes of what was built", () => {
  it("adds up the bytes of whole files, whatever became of a lock", async () => {
    await rm(join(folder, "lock.mdb"));
    expect(await checkSizes(folder)).toBe(1000);
  });

  it("refuses a file that was cut short", async () => {
    await truncate(join(folder, "graph"), 999);
    await expect(checkSizes(folder)).rejects.toMatchObject({
      code: "DATA",
      where: join(folder, "graph"),
      message: "expected 1000 bytes, got 999",
    });
  });

  it("refuses a folder without one of its files", async () => {
    await rm(join(folder, "graph"));
    await expect(checkSizes(folder)).rejects.toThrow("the file is missing");
  });
});
