/** An item as its owner gives it, after the catalogue was built. */
export interface LiveItem {
  readonly id: number;
  /** float32 [dim] */
  readonly embedding: Float32Array;
  /** float32 [denseDim]; empty where the catalogue has none. */
  readonly dense: Float32Array;
  /** The values of a categorical attribute, the number of a numeric one; absent: it has none. */
  readonly attributes: ReadonlyMap<string, readonly string[] | number>;
}

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
