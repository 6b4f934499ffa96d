import type { IsExcluded } from "./exact-scan.ts";

/** Which rows one search after the other must not return. */
export class ExcludedRows {
  /** [items] the number of the search that last excluded a row. */
  readonly #excludedBy: Uint32Array;
  #turn = 0;

  constructor(items: number) {
    this.#excludedBy = new Uint32Array(items);
  }

  /**
   * Asking is then one load, and the next search needs no clearing.
   * @returns which rows are excluded, until others are marked.
   */
  mark(excluded: Uint32Array): IsExcluded {
    if (excluded.length === 0) return nothing;
    const turn = ++this.#turn;
    const excludedBy = this.#excludedBy;
    for (const row of excluded) excludedBy[row] = turn;
    return (row) => excludedBy[row] === turn;
  }
}

/** Where no row is excluded. */
export const nothing: IsExcluded = () => false;
