import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { HarnessError } from "../../src/errors.ts";

/** In each built folder: its files and how many bytes each has. */
const SIZES_FILE = "sizes.json";

type Sizes = Readonly<Record<string, number>>;

/** Notes the size of every file of a folder that was just filled. */
export async function noteSizes(folder: string): Promise<void> {
  const sizes: Record<string, number> = {};
  for (const name of await readdir(folder)) {
    // LMDB's lock is made anew by whoever opens the store.
    if (name !== "lock.mdb") sizes[name] = (await stat(join(folder, name))).size;
  }
  await writeFile(join(folder, SIZES_FILE), JSON.stringify(sizes), { flush: true });
}

/**
 * Checks that a folder's files are as long as when they were built: what is mapped into memory
 * must not end early, which would end the process.
 *
 * @returns the bytes of all of them.
 * @throws HarnessError DATA naming the file that is missing or of another length.
 */
export async function checkSizes(folder: string): Promise<number> {
  const sizes = JSON.parse(await readFile(join(folder, SIZES_FILE), "utf8")) as Sizes;
  let bytes = 0;
  for (const [name, expected] of Object.entries(sizes)) {
    const path = join(folder, name);
    const size = await stat(path).then(
      (stats) => stats.size,
      () => null,
    );
    if (size !== expected) {
      const found = size === null ? "the file is missing" : `got ${size}`;
      throw new HarnessError("DATA", `expected ${expected} bytes, ${found}`, {
        where: path,
        hint: `remove ${folder} and it is built again`,
      });
    }
    bytes += expected;
  }
  return bytes;
}
