import type { HostTensor } from "../../src/onnx/element-type.ts";
import { bitOf } from "../eligibility/bitmap-layout.ts";
import type { HiddenRows } from "./fresh-items.ts";

/** Which compiled items requests may get. */
export class VisibleBits {
  readonly #words: number;
  /** A bit an item, in the layout of bitmaps of all items. */
  readonly #bits: Uint8Array;
  /** What the bits tell of. */
  #hidden: HiddenRows | null = null;

  constructor(items: number) {
    this.#words = Math.ceil(items / 64);
    this.#bits = new Uint8Array(8 * this.#words);
  }

  /** Input of a graph that takes hidden items out of what filters leave: see graph/eligibility.ts. */
  feeds(hidden: HiddenRows): Record<string, HostTensor> {
    return { visible: { type: "uint64", dims: [this.#words], data: this.#visible(hidden) } };
  }

  /** The caller's own. */
  #visible(hidden: HiddenRows): BigUint64Array {
    if (hidden !== this.#hidden) {
      this.#bits.fill(0xff);
      for (const row of hidden.rows) {
        const bit = bitOf(row, this.#words);
        this.#bits[bit >>> 3]! &= ~(1 << (bit & 7));
      }
      this.#hidden = hidden;
    }
    return new BigUint64Array(this.#bits.slice().buffer);
  }
}
