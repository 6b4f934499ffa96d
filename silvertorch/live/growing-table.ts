import type { HostTensor } from "../../src/onnx/element-type.ts";
import type { FreshTable } from "../graph/fresh-ranking.ts";

/** What a table holds of one item, or of many. */
export type TableData = Float32Array | Uint8Array;

const FIRST_ITEMS = 256;

let tables = 0;

/**
 * A table of fresh items that is only ever appended to, on memory that all threads see: what a
 * batch sees of it is never copied for it.
 */
export class GrowingTable {
  readonly #table: FreshTable;
  readonly #number = ++tables;
  readonly #width: number;
  #data: TableData;
  #count = 0;

  constructor(table: FreshTable) {
    this.#table = table;
    this.#width = table.width ?? 1;
    this.#data = this.#room(FIRST_ITEMS);
  }

  get name(): string {
    return this.#table.name;
  }

  /** @param one of the next item: as many numbers as the table is wide; null: zeros. */
  append(one: TableData | null): void {
    const start = this.#count * this.#width;
    if (start + this.#width > this.#data.length) {
      const wider = this.#room(2 * this.#count);
      wider.set(this.#data);
      this.#data = wider;
    }
    if (one !== null) this.#data.set(one, start);
    this.#count++;
  }

  /** The first items, which never change. */
  first(count: number): HostTensor {
    const { type, width } = this.#table;
    const dims = width === null ? [count] : [count, width];
    const data = this.#data.subarray(0, count * this.#width);
    return { type, dims, data, appendedTo: this.#number };
  }

  #room(items: number): TableData {
    const length = items * this.#width;
    return this.#table.type === "bool"
      ? new Uint8Array(new SharedArrayBuffer(length))
      : new Float32Array(new SharedArrayBuffer(Float32Array.BYTES_PER_ELEMENT * length));
  }
}
