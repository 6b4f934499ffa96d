import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, statfs } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { HarnessError } from "../errors.ts";

/** $SILVERBENCH_CACHE, else $XDG_CACHE_HOME/silverbench, else ~/.cache/silverbench. */
export function defaultCacheFolder(): string {
  const own = process.env["SILVERBENCH_CACHE"];
  if (own !== undefined && own !== "") return resolve(own);
  const shared = process.env["XDG_CACHE_HOME"];
  return join(
    shared !== undefined && shared !== "" ? shared : join(homedir(), ".cache"),
    "silverbench",
  );
}

/**
 * The name under which a product is cached: a hash of everything it follows from, whatever the
 * order of the keys. 16 hex digits are plenty for a folder that one machine fills.
 */
export function cacheKey(inputs: unknown): string {
  return createHash("sha256").update(canonicalJson(inputs)).digest("hex").slice(0, 16);
}

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    part !== null && typeof part === "object" && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

/**
 * Makes a folder whole or not at all: `fill` works in a temporary sibling, which then takes the
 * name. Whatever fails on the way, the sibling is removed. Where the folder is there already, or
 * another process is first, that one stays.
 *
 * @param bytes what it will take on disk, if known: too little room is then told before the work.
 * @returns true if this call made it, false if it was there.
 * @throws HarnessError DATA when the disk is full, naming the path and the bytes; or what `fill` threw.
 */
export async function atomicFolder(
  path: string,
  fill: (temporary: string) => Promise<void>,
  { bytes }: { readonly bytes?: number } = {},
): Promise<boolean> {
  if (existsSync(path)) return false;
  const parent = dirname(path);
  await mkdir(parent, { recursive: true });
  await removeAbandoned(path);
  if (bytes !== undefined) await assertRoom(path, bytes);
  const temporary = `${path}.tmp-${process.pid}-${randomBytes(4).toString("hex")}`;
  try {
    await mkdir(temporary);
    await fill(temporary);
    return await takeName(temporary, path);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== "ENOSPC") throw thrown;
    const needed = bytes === undefined ? "" : `: ${bytes} bytes are needed`;
    throw new HarnessError("DATA", `the disk is full${needed}`, {
      where: path,
      hint: ROOM_HINT,
      cause: thrown,
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

const ROOM_HINT = "free some room, or set SILVERBENCH_CACHE to a folder on a larger disk";

/** @throws HarnessError DATA if the disk that will hold `path` has less room than that. */
export async function assertRoom(path: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(path));
  const free = bavail * bsize;
  if (free >= bytes) return;
  throw new HarnessError(
    "DATA",
    `the disk is too full: ${bytes} bytes are needed, ${free} are free`,
    {
      where: path,
      hint: ROOM_HINT,
    },
  );
}

async function takeName(temporary: string, path: string): Promise<boolean> {
  try {
    await rename(temporary, path);
    return true;
  } catch (error) {
    // A folder that is not empty is never replaced: another process made the same thing first.
    if (existsSync(path)) return false;
    throw error;
  }
}

/** Removes temporary siblings whose process was killed before it could. */
async function removeAbandoned(path: string): Promise<void> {
  const prefix = `${basename(path)}.tmp-`;
  for (const name of await readdir(dirname(path))) {
    if (!name.startsWith(prefix)) continue;
    const pid = Number.parseInt(name.slice(prefix.length), 10);
    if (!isRunning(pid)) await rm(join(dirname(path), name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // Another user's process may not be asked, but it lives.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
