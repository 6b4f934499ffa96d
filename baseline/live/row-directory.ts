import { IdMap } from "../../src/retrieval/id-map.ts";

/**
 * The rows of the items' ids, and back: those of the build, and new ones as they come. A row stays
 * its item's, deleted or not, so that no service ever takes one item for another.
 */
export class RowDirectory {
  readonly #built: IdMap;
  readonly #newRows = new Map<number, number>();
  readonly #newIds: number[] = [];
  readonly #gone = new Set<number>();

  /** @param ids of the build's rows. */
  constructor(ids: Float64Array) {
    this.#built = new IdMap(ids);
  }

  /** Items that there are now. */
  get count(): number {
    return this.rows - this.#gone.size;
  }

  /** Rows in use, of deleted items too. */
  get rows(): number {
    return this.#built.count + this.#newIds.length;
  }

  /** The row of an id, of a deleted item too; -1: no item ever had it. */
  rowOf(id: number): number {
    const row = this.#built.rowOf(id);
    return row >= 0 ? row : (this.#newRows.get(id) ?? -1);
  }

  /** The id of each row. */
  idsOf(rows: Uint32Array): Float64Array {
    const built = this.#built.count;
    if (this.#newIds.length === 0) return this.#built.idsOf(rows);
    const ids = this.#built.idsOf(rows.map((row) => Math.min(row, built - 1)));
    for (const [at, row] of rows.entries()) if (row >= built) ids[at] = this.#newIds[row - built]!;
    return ids;
  }

  /** The row of an item that is there from now on. */
  add(id: number): number {
    let row = this.rowOf(id);
    if (row < 0) {
      row = this.#built.count + this.#newIds.push(id) - 1;
      this.#newRows.set(id, row);
    }
    this.#gone.delete(row);
    return row;
  }

  /** Takes over what an earlier directory had given out. @param changes In their order. */
  restore(
    changes: Iterable<{ readonly row: number; readonly id: number; readonly item: unknown }>,
  ): void {
    const built = this.#built.count;
    for (const { row, id, item } of changes) {
      if (row >= built) {
        this.#newIds[row - built] = id;
        this.#newRows.set(id, row);
      }
      if (item === null) this.#gone.add(row);
      else this.#gone.delete(row);
    }
  }

  /** The row of an item that is no more; -1: there is none of that id. */
  remove(id: number): number {
    const row = this.rowOf(id);
    if (row < 0 || this.#gone.has(row)) return -1;
    this.#gone.add(row);
    return row;
  }
}
