import { RoaringBitmap32 } from "roaring-wasm";

/**
 * A set of rows on the WebAssembly heap (CRoaring). The heap is not garbage-collected: whoever
 * makes a bitmap disposes it, best through a `BitmapScope`.
 */
export type Bitmap = RoaringBitmap32;

/** @param rows Ascending, for speed. */
export const bitmapOf = (rows: Uint32Array): Bitmap => new RoaringBitmap32(rows);

/** The rows 0 .. count - 1. */
export const fullBitmap = (count: number): Bitmap => RoaringBitmap32.fromRange(0, count);

/** Bytes of the portable serialisation, which RowSet reads. */
export const packBitmap = (bitmap: Bitmap): Uint8Array => bitmap.serialize("portable");

export const unpackBitmap = (bytes: Uint8Array): Bitmap =>
  RoaringBitmap32.deserialize("portable", bytes);

/** Bitmaps made on the way to a result, disposed together. */
export class BitmapScope {
  readonly #made = new Set<Bitmap>();

  /** Takes a bitmap into care. */
  keep(bitmap: Bitmap): Bitmap {
    this.#made.add(bitmap);
    return bitmap;
  }

  /** The same rows in a bitmap that may be changed in place: itself if it was made here. */
  own(bitmap: Bitmap): Bitmap {
    return this.#made.has(bitmap) ? bitmap : this.keep(bitmap.clone());
  }

  and(a: Bitmap, b: Bitmap): Bitmap {
    return this.keep(RoaringBitmap32.and(a, b));
  }

  andNot(a: Bitmap, b: Bitmap): Bitmap {
    return this.keep(RoaringBitmap32.andNot(a, b));
  }

  or(bitmaps: readonly Bitmap[]): Bitmap {
    return this.keep(RoaringBitmap32.orMany(bitmaps));
  }

  /** The rows below `count` that are not in it. */
  not(bitmap: Bitmap, count: number): Bitmap {
    return this.keep(RoaringBitmap32.flipRange(bitmap, 0, count));
  }

  dispose(): void {
    for (const bitmap of this.#made) bitmap.dispose();
    this.#made.clear();
  }
}
