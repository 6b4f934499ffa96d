import type { Column } from "../../src/retrieval/catalogue.ts";
import { type Changes, type ItemContent, VersionGate } from "../live/changes.ts";
import { RecordWriter } from "./item-record.ts";

/** Records of items that changed since the store was written. */
export class ChangedRecords {
  readonly #gate = new VersionGate();
  readonly #records = new Map<number, Uint8Array>();
  readonly #columns: readonly Column[];
  /** Code of each value, a map a categorical column. */
  readonly #codes: ReadonlyMap<string, ReadonlyMap<string, number>>;

  /** @param columns Names, kinds and vocabularies; the items' own values are not needed. */
  constructor(columns: readonly Column[]) {
    this.#columns = columns;
    this.#codes = new Map(
      columns.flatMap((column) =>
        column.kind === "numeric"
          ? []
          : [[column.name, new Map(column.vocabulary.map((value, code) => [value, code]))]],
      ),
    );
  }

  get version(): number {
    return this.#gate.version;
  }

  get count(): number {
    return this.#records.size;
  }

  /** The record of a row; undefined: the store's holds. */
  get(row: number): Uint8Array | undefined {
    return this.#records.get(row);
  }

  /**
   * The record of a deleted item stays: a request that is under way may still ask for it.
   * @returns the version held now: below `since` where nothing was applied.
   */
  apply(changes: Changes): number {
    if (!this.#gate.admits(changes)) return this.version;
    for (const { row, item } of changes.items) {
      if (item !== null) this.#records.set(row, this.#recordOf(item));
    }
    this.#gate.pass(changes);
    return this.version;
  }

  /** As a catalogue of this one item has it. */
  #recordOf({ embedding, dense, attributes }: ItemContent): Uint8Array {
    const columns = this.#columns.map((column): Column => {
      const held = attributes.get(column.name);
      if (column.kind === "numeric") {
        return { ...column, values: Float32Array.of(typeof held === "number" ? held : NaN) };
      }
      const codes = this.#codes.get(column.name)!;
      const texts = typeof held === "object" ? held : [];
      // A value that neither build nor formula knows has no code, and nobody can ask for it by one.
      const values = texts.flatMap((text) => codes.get(text) ?? []).toSorted((a, b) => a - b);
      return {
        ...column,
        offsets: Uint32Array.of(0, values.length),
        values: Uint32Array.from(values),
      };
    });
    const { length: dim } = embedding;
    const { length: denseDim } = dense;
    const ids = Float64Array.of(0);
    const one = { count: 1, dim, ids, embeddings: embedding, columns, dense, denseDim };
    return new RecordWriter(one).record(0);
  }
}
