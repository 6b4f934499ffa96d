import type { RetrievalRequest } from "../../src/retrieval/request.ts";
import { allTables } from "../compile/fresh-tables.ts";
import { type FreshItems, type HiddenRows, hiddenRows } from "../engine/fresh-items.ts";
import type { EngineQuery } from "../engine/query.ts";
import { FreshPenalties } from "./fresh-penalties.ts";
import { GrowingTable } from "./growing-table.ts";
import type { ItemRecorder } from "./item-recorder.ts";
import type { LiveItems } from "./live-items.ts";

/** From ids of compiled items to rows, and back. */
export interface CompiledItems {
  readonly count: number;
  /** -1: it is not compiled. */
  rowOf(id: number): number;
  idsOf(rows: Uint32Array): Float64Array;
}

/**
 * The second, small index beside the compiled one, for models that rank by more than the score:
 * tables of the fresh items, to which upserts append, and the compiled rows that must not be found
 * any more. Both go into the search, so that K0 candidates a head are K0 of the changed catalogue.
 */
export class FreshIndex {
  readonly #live: LiveItems;
  readonly #compiled: CompiledItems;
  readonly #recorder: ItemRecorder;
  readonly #tables: readonly GrowingTable[];
  readonly #penalties: FreshPenalties;
  /** Slots that are in the tables. */
  #recorded = 0;
  #hidden = hiddenRows(new Uint32Array(0));

  constructor(live: LiveItems, compiled: CompiledItems, recorder: ItemRecorder) {
    this.#live = live;
    this.#compiled = compiled;
    this.#penalties = new FreshPenalties(live);
    this.#recorder = recorder;
    this.#tables = allTables(recorder.tables).map((table) => new GrowingTable(table));
  }

  /** The changes as a batch that begins now sees them, whatever comes while it runs. */
  view(): FreshView {
    this.#record();
    const count = this.#recorded;
    const penaltiesOf = this.#penalties.now();
    return {
      items: {
        count,
        hidden: this.#hiddenNow(),
        tensors: () => ({
          fresh_items: this.#live.embeddings(count),
          ...Object.fromEntries(this.#tables.map((table) => [table.name, table.first(count)])),
        }),
      },
      apply: (query, request) => ({
        ...query,
        freshPenalties: penaltiesOf(request),
      }),
      idsOf: (rows) => this.#idsOf(rows),
    };
  }

  #record(): void {
    for (; this.#recorded < this.#live.count; this.#recorded++) {
      const item = this.#live.at(this.#recorded);
      const record = item === null ? null : this.#recorder.record(item);
      for (const [at, table] of this.#tables.entries()) table.append(record?.[at] ?? null);
    }
  }

  #hiddenNow(): HiddenRows {
    const { rows } = this.#hidden;
    if (rows.length < this.#live.hidden) {
      const ids = this.#live.hiddenIds(rows.length);
      const added = Uint32Array.from(ids, (id) => this.#compiled.rowOf(id)).toSorted();
      this.#hidden = hiddenRows(mergedRows(rows, added));
    }
    return this.#hidden;
  }

  #idsOf(rows: Uint32Array): Float64Array {
    const { count } = this.#compiled;
    const ids = this.#compiled.idsOf(rows.map((row) => (row < count ? row : 0)));
    for (const [at, row] of rows.entries()) {
      if (row >= count) ids[at] = this.#live.idAt(row - count);
    }
    return ids;
  }
}

/** Both ascending, and none in both. */
function mergedRows(rows: Uint32Array, added: Uint32Array): Uint32Array {
  const all = new Uint32Array(rows.length + added.length);
  for (let at = 0, old = 0, young = 0; at < all.length; at++) {
    const isOld = young === added.length || (old < rows.length && rows[old]! < added[young]!);
    all[at] = isOld ? rows[old++]! : added[young++]!;
  }
  return all;
}

/** What a batch sees of the changes. */
export interface FreshView {
  readonly items: FreshItems;
  /** The query, told which fresh items it may get. */
  apply(query: EngineQuery, request: RetrievalRequest): EngineQuery;
  /** Ids of rows of which some are fresh items'. */
  idsOf(rows: Uint32Array): Float64Array;
}
