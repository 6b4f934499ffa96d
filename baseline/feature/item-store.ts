import { open, type RootDatabase } from "lmdb";
import { HarnessError } from "../../src/errors.ts";
import type { Catalogue } from "../../src/retrieval/catalogue.ts";
import type { ItemFeatures, ItemQuery } from "../services.ts";
import { type ItemLayout, RecordReader, RecordWriter } from "./item-record.ts";

/** Items written in one transaction. */
const CHUNK_ITEMS = 10_000;

/** LMDB with rows as keys and item records as values. */
const openStore = (folder: string, readOnly: boolean): RootDatabase<Buffer, number> =>
  open<Buffer, number>(folder, {
    encoding: "binary",
    keyEncoding: "uint32",
    readOnly,
    noSubdir: false,
  });

/** Writes what a ranker may ask of the items into an existing, empty folder. */
export async function writeItems(
  folder: string,
  catalogue: Catalogue,
  onProgress: (fraction: number) => void,
): Promise<void> {
  const store = openStore(folder, false);
  const writer = new RecordWriter(catalogue);
  const { count } = catalogue;
  try {
    for (let from = 0; from < count; from += CHUNK_ITEMS) {
      const to = Math.min(from + CHUNK_ITEMS, count);
      await store.transaction(() => {
        for (let row = from; row < to; row++) void store.put(row, writer.record(row));
      });
      onProgress(to / count);
    }
    await store.flushed;
  } finally {
    await store.close();
  }
}

/** Items' features, read from disk through the page cache. */
export class ItemStore implements AsyncDisposable {
  readonly #folder: string;
  readonly #store: RootDatabase<Buffer, number>;
  readonly #layout: ItemLayout;

  constructor(folder: string, layout: ItemLayout) {
    this.#folder = folder;
    this.#store = openStore(folder, true);
    this.#layout = layout;
  }

  /** @throws HarnessError DATA naming a row that is not there. */
  read(query: ItemQuery): ItemFeatures {
    const reader = new RecordReader(this.#layout, query);
    for (const row of query.rows) {
      // The store's one buffer, which the next read fills anew. It is larger than its `length`.
      const record = this.#store.getBinaryFast(row);
      if (record === undefined) {
        throw new HarnessError("DATA", `there are no features of row ${row}`, {
          where: this.#folder,
        });
      }
      reader.add(record, record.length);
    }
    return reader.read();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#store.close();
  }
}
