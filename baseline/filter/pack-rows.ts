import { RoaringBitmap32 } from "roaring-wasm";

/**
 * Rows as a roaring bitmap in its smallest form (runs where they help): how posting lists are
 * kept on disk. By CRoaring, so that what reads them is held to the format, not to its own writer.
 *
 * @param rows Ascending.
 */
export function packRows(rows: Uint32Array): Uint8Array {
  const bitmap = new RoaringBitmap32(rows);
  try {
    bitmap.runOptimize();
    return bitmap.serialize("portable");
  } finally {
    // Its heap is not garbage-collected.
    bitmap.dispose();
  }
}
