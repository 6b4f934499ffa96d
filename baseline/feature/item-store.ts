import { HarnessError } from "../../src/errors.ts";
import type { Catalogue } from "../../src/retrieval/catalogue.ts";
import type { ItemFeatures, ItemQuery } from "../services.ts";
import type { ChangedRecords } from "./changed-records.ts";
import { type ItemLayout, RecordReader, RecordWriter } from "./item-record.ts";
import { writeRecords } from "./lmdb-records.ts";
import type { RecordStore } from "./record-store.ts";

/** Writes what a ranker may ask of the items into an existing, empty folder. */
export async function writeItems(
  folder: string,
  catalogue: Catalogue,
  onProgress: (fraction: number) => void,
): Promise<void> {
  const writer = new RecordWriter(catalogue);
  const { count } = catalogue;
  const items = {
    count,
    keyOf: (row: number) => row,
    recordOf: (row: number) => writer.record(row),
  };
  await writeRecords(folder, "rows", items, onProgress);
}

/** Items' features, read from their records. */
export class ItemStore implements AsyncDisposable {
  readonly #records: RecordStore;
  readonly #layout: ItemLayout;
  readonly #changed: ChangedRecords;

  /**
   * @param records Item records by row; they end with this store.
   * @param changed What holds in the place of those.
   */
  constructor(records: RecordStore, layout: ItemLayout, changed: ChangedRecords) {
    this.#records = records;
    this.#layout = layout;
    this.#changed = changed;
  }

  /** @throws HarnessError DATA naming a row that is not there. */
  async read(query: Omit<ItemQuery, "atLeast">): Promise<ItemFeatures> {
    const reader = new RecordReader(this.#layout, query);
    await this.#records.read(query.rows, (record, bytes, at) => {
      const own = this.#changed.get(query.rows[at]!);
      if (own !== undefined) {
        reader.add(own, own.length);
        return;
      }
      if (record === null) {
        throw new HarnessError("DATA", `there are no features of row ${query.rows[at]}`, {
          where: "items",
        });
      }
      reader.add(record, bytes);
    });
    return reader.read();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#records[Symbol.asyncDispose]();
  }
}
