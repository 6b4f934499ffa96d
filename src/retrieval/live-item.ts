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
