import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { HarnessError } from "../../src/errors.ts";
import type { BitmapRows } from "../eligibility/cluster-counts.ts";
import type { Artifact } from "./artifact.ts";
import { REMOVE_HINT, WEIGHTS_FILE } from "./manifest.ts";

/**
 * The bitmaps of an artifact, row by row, while the caller waits: a row is a bit an item, which an
 * engine has just read or mapped, so it comes from the page cache.
 */
export class BitmapFile implements BitmapRows, Disposable {
  readonly words: number;
  readonly #file: number;
  readonly #path: string;
  readonly #offset: number;

  private constructor(path: string, { offset, words }: { offset: number; words: number }) {
    this.#path = path;
    this.#file = openSync(path, "r");
    this.#offset = offset;
    this.words = words;
  }

  /** null: the artifact has no bitmaps, for its items are made on a device. */
  static open({ folder, manifest }: Artifact): BitmapFile | null {
    const tensor = manifest.tensors.find(({ name }) => name === "bitmaps");
    if (tensor === undefined) return null;
    // They are stored as words of 64 bits.
    const words = 2 * tensor.dims[1]!;
    return new BitmapFile(join(folder, WEIGHTS_FILE), { offset: tensor.offset, words });
  }

  /** @throws HarnessError DATA if the file ends before. */
  read(row: number, into: Uint32Array): void {
    const bytes = new Uint8Array(into.buffer, into.byteOffset, this.words * 4);
    const first = this.#offset + row * bytes.length;
    for (let done = 0; done < bytes.length;) {
      const read = readSync(this.#file, bytes, done, bytes.length - done, first + done);
      if (read === 0) {
        throw new HarnessError("DATA", "the artifact is damaged: it ends within tensor bitmaps", {
          where: this.#path,
          hint: REMOVE_HINT,
        });
      }
      done += read;
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }
}
