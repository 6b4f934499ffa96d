import { open, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { HarnessError } from "../errors.ts";

/**
 * Writes a whole file so that a reader finds either the old text or the new one, even after a
 * power cut: a temporary sibling, fsync, rename, fsync of the folder.
 * @throws HarnessError DATA if it cannot be written, for instance because the disk is full.
 */
export async function writeFileAtomically(path: string, text: string): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await using file = await open(temporary, "w");
    await file.writeFile(text);
    await file.sync();
  } catch (cause) {
    await rm(temporary, { force: true });
    throw writeError(path, cause);
  }
  try {
    await rename(temporary, path);
    await using folder = await open(dirname(path), "r");
    await folder.sync();
  } catch (cause) {
    await rm(temporary, { force: true });
    throw writeError(path, cause);
  }
}

/** Removes what a writer that was killed left of its temporary files in a folder. */
export async function removeTorn(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  const torn = names.filter((name) => /\.\d+\.tmp$/.test(name));
  await Promise.all(torn.map((name) => rm(join(folder, name), { force: true })));
}

/** A failed write, with what can be done about it. */
export function writeError(path: string, cause: unknown): HarnessError {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new HarnessError("DATA", `the disk is full: ${path} was not written`, {
      cause,
      hint: "free some space, or choose another folder with --out",
    });
  }
  return new HarnessError("DATA", `${path} cannot be written`, { cause });
}
