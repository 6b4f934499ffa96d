import type { CallContext } from "../../src/door/retriever.ts";
import type { ItemFeatures, ItemQuery } from "../services.ts";
import { copyRecord, ItemCache } from "./item-cache.ts";
import { columnsOf, quantitiesOf, type Quantity } from "./item-formula.ts";
import type { OverArchEngine } from "./over-arch-engine.ts";

export interface ItemRecordsOptions {
  readonly fetch: (query: ItemQuery, context: CallContext) => Promise<ItemFeatures>;
  /** null: items have no side of an OverArch. */
  readonly engine: OverArchEngine | null;
  readonly quantities: readonly Quantity[];
  /** Items whose records are kept. */
  readonly capacity: number;
}

/** Rows, and which place of the caller's arrays each is for. */
export interface Placed {
  readonly row: number;
  readonly at: number;
}

/**
 * What the ranker needs of items: their side of the OverArch and the quantities of the formula, in
 * parts of float32. What is not remembered is asked of the feature service, all at once.
 */
export class ItemRecords {
  readonly cache: ItemCache;
  /** Numbers of each part: those of the OverArch, then one a quantity. */
  readonly widths: readonly number[];
  readonly #options: ItemRecordsOptions;
  /** Counts the times that records were forgotten. */
  #forgotten = 0;

  constructor(options: ItemRecordsOptions) {
    const { engine, quantities, capacity } = options;
    const sides = engine === null ? [] : engine.parts.map(({ width }) => width);
    this.widths = [...sides, ...quantities.map(() => 1)];
    this.cache = new ItemCache(capacity, this.widths);
    this.#options = options;
  }

  /**
   * Fills in records.
   * @param into.parts An array a part, [places, width].
   * @param into.atLeast The oldest version of the items that will do where they are fetched.
   * @throws HarnessError as the feature service gives it.
   */
  async fill(
    wanted: Iterable<Placed>,
    { parts, atLeast }: { readonly parts: readonly Float32Array[]; readonly atLeast: number },
    context: CallContext,
  ): Promise<void> {
    // An item that several requests want is fetched once.
    const missing = new Map<number, number[]>();
    for (const { row, at } of wanted) {
      if (this.widths.length === 0 || this.cache.read(row, parts, at)) continue;
      const places = missing.get(row);
      if (places === undefined) missing.set(row, [at]);
      else places.push(at);
    }
    if (missing.size === 0) return;
    const rows = Uint32Array.from(missing.keys());
    const forgotten = this.#forgotten;
    const records = await this.#make(rows, atLeast, context);
    // What was fetched before a change may be what it was before.
    const isFresh = forgotten === this.#forgotten;
    for (const [n, row] of rows.entries()) {
      if (isFresh) this.cache.write(row, records, n);
      for (const at of missing.get(row)!) copyRecord(this.widths, records, n, parts, at);
    }
  }

  /** Asks for the records of items anew, when they are next wanted. */
  forget(rows: Iterable<number>): void {
    this.#forgotten++;
    for (const row of rows) this.cache.remove(row);
  }

  async #make(rows: Uint32Array, atLeast: number, context: CallContext): Promise<Float32Array[]> {
    const { fetch, engine, quantities } = this.#options;
    const columnsWanted = columnsOf(quantities);
    const query = { rows, features: engine !== null, columns: columnsWanted, atLeast };
    const { features, columns } = await fetch(query, context);
    const sides = engine === null ? [] : await engine.itemSides(features);
    return [...sides, ...quantitiesOf(quantities, columns, rows.length)];
  }
}
