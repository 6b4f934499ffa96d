import { open, type RootDatabase } from "lmdb";
import type { KeyRange, RecordStore, UseRecord } from "./record-store.ts";

/** Records written in one transaction. */
const CHUNK_RECORDS = 10_000;

const openStore = (folder: string, keys: KeyRange, readOnly: boolean) =>
  open<Buffer, number>(folder, {
    encoding: "binary",
    ...(keys === "rows" ? { keyEncoding: "uint32" } : {}),
    readOnly,
    noSubdir: false,
  });

/** What is written into a store. */
export interface RecordSource {
  readonly count: number;
  readonly keyOf: (n: number) => number;
  /** In memory of its own: the store reads it later, and cannot read shared memory. */
  readonly recordOf: (n: number) => Buffer;
}

/** Writes records into an existing, empty folder. */
export async function writeRecords(
  folder: string,
  keys: KeyRange,
  { count, keyOf, recordOf }: RecordSource,
  onProgress: (fraction: number) => void,
): Promise<void> {
  const store = openStore(folder, keys, false);
  try {
    for (let from = 0; from < count; from += CHUNK_RECORDS) {
      const to = Math.min(from + CHUNK_RECORDS, count);
      await store.transaction(() => {
        for (let n = from; n < to; n++) void store.put(keyOf(n), recordOf(n));
      });
      onProgress(to / count);
    }
    await store.flushed;
  } finally {
    await store.close();
  }
}

/** Records of a folder that `writeRecords` filled, read from disk through the page cache. */
export class LmdbRecords implements RecordStore {
  readonly #store: RootDatabase<Buffer, number>;

  constructor(folder: string, keys: KeyRange) {
    this.#store = openStore(folder, keys, true);
  }

  // oxlint-disable-next-line typescript/require-await -- what it throws must be a rejection
  async read(keys: ArrayLike<number>, use: UseRecord): Promise<void> {
    for (let at = 0; at < keys.length; at++) {
      // The store's one buffer, which the next read fills anew; it is larger than its `length`.
      const found = this.#store.getBinaryFast(keys[at]!);
      use(found ?? null, found?.length ?? 0, at);
    }
  }

  get count(): number {
    return this.#store.getCount({});
  }

  /** All records in the order of their keys, each in memory of its own. */
  *entries(): Generator<readonly [key: number, record: Buffer]> {
    for (const { key, value } of this.#store.getRange()) yield [key, value];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#store.close();
  }
}
