import { ELEMENT_TYPES, elementCount } from "../../src/onnx/element-type.ts";
import type { Artifact } from "./artifact.ts";
import { WeightsReader } from "./weights-reader.ts";

/** Items of a catalogue that another artifact of the same model holds, too. */
export interface KeptItems {
  readonly artifact: Artifact;
  /** Their rows there, ascending: they are the catalogue's first items, in this order. */
  readonly rows: Uint32Array;
}

export const EMBEDDINGS = "items";
const POSITIONS = "clusters.positions";

/** Numbers that are read at a time: Node 20 has no view of bytes beyond 4 GiB. */
const STEP = 2 ** 28;

/** What the other artifact holds of them, in place of making it anew. */
export class KeptRows implements AsyncDisposable {
  readonly #rows: Uint32Array;
  readonly #reader: WeightsReader;
  readonly #isClustered: boolean;

  private constructor({ rows, artifact }: KeptItems, reader: WeightsReader) {
    this.#rows = rows;
    this.#reader = reader;
    this.#isClustered = artifact.manifest.clusters !== null;
  }

  static async open(kept: KeptItems): Promise<KeptRows> {
    return new KeptRows(kept, await WeightsReader.open(kept.artifact));
  }

  get count(): number {
    return this.#rows.length;
  }

  /**
   * Of the items `from .. to` what a float32 tensor with a row an item holds.
   * @throws HarnessError DATA if there is no such tensor, or it is cut short.
   */
  async read(name: string, from: number, to: number): Promise<Float32Array> {
    return await this.#read(name, { from, to, room: 0 });
  }

  /**
   * The embeddings of all of them, and room for some more items behind: float32 [count + more, dim].
   * @throws HarnessError DATA as `read` does.
   */
  async embeddings(more: number): Promise<Float32Array> {
    if (!this.#isClustered) {
      return await this.#read(EMBEDDINGS, { from: 0, to: this.count, room: more });
    }
    const positions = new Int32Array(this.#reader.tensor(POSITIONS).dims[0]!);
    await this.#fill(POSITIONS, positions, 0);
    const width = this.#widthOf(EMBEDDINGS);
    const all = new Float32Array(this.#reader.tensor(EMBEDDINGS).dims[0]! * width);
    await this.#fill(EMBEDDINGS, all, 0);
    const values = new Float32Array((this.count + more) * width);
    for (let at = 0; at < this.count; at++) {
      const start = positions[this.#rows[at]!]! * width;
      values.set(all.subarray(start, start + width), at * width);
    }
    return values;
  }

  async #read(
    name: string,
    { from, to, room }: { readonly from: number; readonly to: number; readonly room: number },
  ): Promise<Float32Array> {
    const width = this.#widthOf(name);
    const first = from < to ? this.#rows[from]! : 0;
    const rows = from < to ? this.#rows[to - 1]! + 1 - first : 0;
    const wanted = to - from + room;
    const values = new Float32Array(Math.max(rows, wanted) * width);
    await this.#fill(name, values.subarray(0, rows * width), first * width);
    // What is gone lies between them: neighbours that both stay are moved together.
    for (let at = from, end = from; at < to; at = end) {
      const row = this.#rows[at]!;
      while (end < to && this.#rows[end]! - row === end - at) end++;
      const start = (row - first) * width;
      values.copyWithin((at - from) * width, start, start + (end - at) * width);
    }
    return values.subarray(0, wanted * width);
  }

  #widthOf(name: string): number {
    return elementCount(this.#reader.tensor(name).dims.slice(1));
  }

  /** @param first of the tensor's elements. */
  async #fill(name: string, into: Float32Array | Int32Array, first: number): Promise<void> {
    const { bytes } = ELEMENT_TYPES[this.#reader.tensor(name).type];
    for (let at = 0; at < into.length; at += STEP) {
      const { buffer, byteOffset, byteLength } = into.subarray(at, at + STEP);
      const part = new Uint8Array(buffer, byteOffset, byteLength);
      await this.#reader.read(name, (first + at) * bytes, part);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader[Symbol.asyncDispose]();
  }
}
