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
  /** uint32 [items]: the bit of each row, by its number in the bitmap's bytes. */
  readonly bits: Uint32Array;
}

/** @param blocks blocks, and where among them each row lies; absent: all in one, by row. */
export function bitmapLayout(
  items: number,
  blocks?: { readonly count: number; readonly words: number; readonly positions: Uint32Array },
): BitmapLayout {
  const blockWords = blocks?.words ?? Math.ceil(items / 64);
  const words = (blocks?.count ?? 1) * blockWords;
  const bits = new Uint32Array(items);
  for (let row = 0; row < items; row++) {
    bits[row] = bitOf(blocks === undefined ? row : blocks.positions[row]!, blockWords);
  }
  return { items, words, blockWords, paddedItems: words * 64, bits };
}

/** The bit of a position, by its number in the bitmap's bytes. */
export function bitOf(position: number, blockWords: number): number {
  const byte = position >>> 3;
  const block = Math.floor(byte / (8 * blockWords));
  const within = byte - block * 8 * blockWords;
  const plane = Math.floor(within / blockWords);
  const word = block * blockWords + within - plane * blockWords;
  return (word * 8 + plane) * 8 + (position & 7);
}
