/**
 * Told of a record of the batch.
 * @param record Begins with the record; it holds only during the call. null: there is none.
 * @param bytes Of the record.
 * @param at Position of its key in the batch.
 */
export type UseRecord = (record: Uint8Array | null, bytes: number, at: number) => void;

/** Records by number, from which the feature service answers. */
export interface RecordStore extends AsyncDisposable {
  /**
   * Reads a batch at once.
   * @param use Called once a key, in their order.
   * @throws HarnessError UNAVAILABLE if the store cannot be reached.
   */
  read(keys: ArrayLike<number>, use: UseRecord): Promise<void>;
}

/** How a store's keys are encoded: any whole number a user's id may be, or a row. */
export type KeyRange = "ids" | "rows";
