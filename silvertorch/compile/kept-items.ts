import { ELEMENT_TYPES, elementCount } from "../../src/onnx/element-type.ts";
import type { Artifact } from "./artifact.ts";
import { WeightsReader } from "./weights-reader.ts";

/** Items of a catalogue that another artifact of the same model holds, too. */
export interface KeptItems {
  readonly artifact: Artifact;
  /** Their rows there, ascending: they are the catalogue's first items, in this order. */
  readonly rows: Uint32Array;
}

/** What the other artifact holds of them, in place of making it anew. */
export class KeptRows implements AsyncDisposable {
  readonly #rows: Uint32Array;
  readonly #reader: WeightsReader;

  private constructor(rows: Uint32Array, reader: WeightsReader) {
    this.#rows = rows;
    this.#reader = reader;
  }

  static async open({ artifact, rows }: KeptItems): Promise<KeptRows> {
    return new KeptRows(rows, await WeightsReader.open(artifact));
  }

  get count(): number {
    return this.#rows.length;
  }

  /**
   * Of the items `from .. to` what a float32 tensor with a row an item holds.
   * @throws HarnessError DATA if there is no such tensor, or it is cut short.
   */
  async read(name: string, from: number, to: number): Promise<Float32Array> {
    const { type, dims } = this.#reader.tensor(name);
    const width = elementCount(dims.slice(1));
    const first = this.#rows[from]!;
    const values = new Float32Array((this.#rows[to - 1]! + 1 - first) * width);
    const offset = first * width * ELEMENT_TYPES[type].bytes;
    await this.#reader.read(name, offset, new Uint8Array(values.buffer));
    // What is gone lies between them: neighbours that both stay are moved together.
    for (let at = from, end = from; at < to; at = end) {
      const row = this.#rows[at]!;
      while (end < to && this.#rows[end]! - row === end - at) end++;
      const start = (row - first) * width;
      values.copyWithin((at - from) * width, start, start + (end - at) * width);
    }
    return values.subarray(0, (to - from) * width);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader[Symbol.asyncDispose]();
  }
}
