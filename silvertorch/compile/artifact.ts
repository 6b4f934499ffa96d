import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { HarnessError } from "../../src/errors.ts";
import {
  graphFile,
  MANIFEST_FILE,
  openManifest,
  REMOVE_HINT,
  WEIGHTS_FILE,
  type ArtifactManifest,
  type ManifestFile,
} from "./manifest.ts";

/** A compiled model on disk, found whole. */
export class Artifact {
  readonly folder: string;
  readonly manifest: ArtifactManifest;

  private constructor(folder: string, manifest: ArtifactManifest) {
    this.folder = folder;
    this.manifest = manifest;
  }

  /**
   * @param verify hash every file as well, or those that were touched after the manifest was written,
   *   which is the last thing that is; sizes and the manifest are always checked.
   * @throws HarnessError DATA naming the file that is missing, damaged or of another version.
   */
  static async open(
    folder: string,
    { verify }: { readonly verify: boolean | "touched" },
  ): Promise<Artifact> {
    const path = join(folder, MANIFEST_FILE);
    const manifest = openManifest(await readManifestText(path), path);
    const { mtimeMs: writtenMs } = await stat(path);
    for (const file of manifest.files) {
      const touchedMs = await checkSize(join(folder, file.name), file);
      if (verify === true || (verify === "touched" && touchedMs > writtenMs))
        await checkHash(join(folder, file.name), file);
    }
    return new Artifact(folder, manifest);
  }

  /** Path of the graph for a device. */
  graphPath(device: string): string {
    return join(this.folder, graphFile(device));
  }

  /** Bytes on disk. */
  get bytes(): number {
    return this.manifest.files.reduce((sum, file) => sum + file.bytes, 0);
  }

  /** The bytes of a tensor of the weights file, in memory of their own. */
  async tensor(name: string): Promise<ArrayBuffer> {
    const tensor = this.manifest.tensors.find((entry) => entry.name === name);
    if (tensor === undefined) {
      throw new HarnessError("DATA", `the artifact has no tensor ${name}`, { where: this.folder });
    }
    const buffer = new ArrayBuffer(tensor.bytes);
    await using file = await openFile(join(this.folder, WEIGHTS_FILE));
    for (let done = 0; done < tensor.bytes;) {
      // One read moves at most 2 GiB less a page.
      const length = Math.min(tensor.bytes - done, 1 << 30);
      const { bytesRead } = await file.handle.read(new Uint8Array(buffer, done, length), {
        position: tensor.offset + done,
      });
      if (bytesRead === 0)
        throw damaged(join(this.folder, WEIGHTS_FILE), `ends within tensor ${name}`);
      done += bytesRead;
    }
    return buffer;
  }
}

async function openFile(
  path: string,
): Promise<AsyncDisposable & { handle: Awaited<ReturnType<typeof open>> }> {
  const handle = await open(path, "r");
  return { handle, [Symbol.asyncDispose]: () => handle.close() };
}

async function readManifestText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new HarnessError("DATA", "there is no artifact: its manifest cannot be read", {
      where: path,
      hint: REMOVE_HINT,
      cause,
    });
  }
}

/** @returns when its content was last changed, in milliseconds. */
async function checkSize(path: string, { bytes }: ManifestFile): Promise<number> {
  const found = await stat(path).catch(() => null);
  if (found === null) throw damaged(path, "is missing");
  if (found.size !== bytes) throw damaged(path, `has ${found.size} bytes instead of ${bytes}`);
  return found.mtimeMs;
}

async function checkHash(path: string, { sha256 }: ManifestFile): Promise<void> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  if (hash.digest("hex") !== sha256)
    throw damaged(path, "is not what was written: its hash differs");
}

const damaged = (path: string, how: string): HarnessError =>
  new HarnessError("DATA", `the artifact is damaged: the file ${how}`, {
    where: path,
    hint: REMOVE_HINT,
  });
