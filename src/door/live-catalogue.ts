import type { LiveItem } from "../retrieval/live-item.ts";

/** A system whose catalogue can be changed while it serves. */
export interface LiveCatalogue {
  /**
   * New items, or new versions of known ids. Every request after it sees them.
   * @throws HarnessError BAD_INPUT naming the field; then none of them was taken.
   */
  upsert(items: readonly LiveItem[]): Promise<void>;
  /** No answer after it holds one of the ids. Unknown ids are ignored. */
  delete(ids: Float64Array): Promise<void>;
  /**
   * Serves from another build product from now on; requests under way are finished with the old.
   * @throws HarnessError DATA or BAD_INPUT if it cannot be served from; the old one then stays.
   */
  swap(folder: string): Promise<void>;
}
