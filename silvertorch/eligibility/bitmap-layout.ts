/**
 * How a bit for each item lies in a bitmap of 64-bit words. The graph combines bitmaps a word at
 * a time (ONNX Runtime does that 5 times faster than bytes) and then takes byte k of every word
 * of a block for k = 0 .. 7; so byte k of word w of a block holds the eligibility of its items
 * 8 (k words + w) .. + 7, and the bytes come out in the order of the items. All items are one
 * block, or each cluster is one, so that the words of a few clusters can be taken by themselves.
 */
export interface BitmapLayout {
  readonly items: number;
  /** Words of a bitmap. */
  readonly words: number;
  /** Words of a block, of which a bitmap has a whole number. */
  readonly blockWords: number;
  /** `items` rounded up to whole blocks; the positions beyond are never eligible. */
  readonly paddedItems: number;
  /** Where each row's bit lies; null: at the row itself. */
  readonly positions: Uint32Array | null;
}

/** Items in the order of their rows, all in one block. */
export function bitmapLayout(items: number): BitmapLayout {
  const words = Math.ceil(items / 64);
  return { items, words, blockWords: words, paddedItems: words * 64, positions: null };
}

/** One bitmap, as bytes: `words` little-endian 64-bit words. */
export class Bitmap {
  readonly bytes: Uint8Array;
  readonly #blockWords: number;
  readonly #positions: Uint32Array | null;

  constructor({ words, blockWords, positions }: BitmapLayout) {
    this.bytes = new Uint8Array(words * 8);
    this.#blockWords = blockWords;
    this.#positions = positions;
  }

  /** @param item its row */
  add(item: number): void {
    const position = this.#positions === null ? item : this.#positions[item]!;
    const words = this.#blockWords;
    const byte = position >>> 3;
    const block = Math.floor(byte / (8 * words));
    const within = byte - block * 8 * words;
    const plane = Math.floor(within / words);
    const word = block * words + within - plane * words;
    this.bytes[word * 8 + plane]! |= 1 << (position & 7);
  }

  addAll(other: Bitmap): void {
    for (let at = 0; at < this.bytes.length; at++) this.bytes[at]! |= other.bytes[at]!;
  }
}
