import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import type { BitmapRows } from "../eligibility/cluster-counts.ts";
import type { Artifact } from "./artifact.ts";
import { WEIGHTS_FILE } from "./manifest.ts";
import { readTensor } from "./read-tensor.ts";

const BITMAPS = "bitmaps";

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
    const tensor = manifest.tensors.find(({ name }) => name === BITMAPS);
    if (tensor === undefined) return null;
    // They are stored as words of 64 bits.
    const words = 2 * tensor.dims[1]!;
    return new BitmapFile(join(folder, WEIGHTS_FILE), { offset: tensor.offset, words });
  }

  /** @throws HarnessError DATA if the file ends before. */
  read(row: number, into: Uint32Array): void {
    const position = this.#offset + row * this.words * Uint32Array.BYTES_PER_ELEMENT;
    const place = { file: this.#file, path: this.#path, tensor: BITMAPS, position };
    readTensor(into.subarray(0, this.words), place);
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }
}
