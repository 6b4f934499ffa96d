import type { RetrievalRequest } from "../../src/retrieval/request.ts";
import { allTables } from "../compile/fresh-tables.ts";
import type { FreshItems } from "../engine/fresh-items.ts";
import type { EngineQuery } from "../engine/query.ts";
import { GrowingTable } from "./growing-table.ts";
import { HiddenList } from "./hidden-list.ts";
import type { ItemRecorder } from "./item-recorder.ts";
import type { LiveItems } from "./live-items.ts";
import { OpenSlots } from "./open-slots.ts";

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
  readonly #open: OpenSlots;
  readonly #hidden: HiddenList;
  /** Slots that are in the tables. */
  #recorded = 0;

  constructor(live: LiveItems, compiled: CompiledItems, recorder: ItemRecorder) {
    this.#live = live;
    this.#compiled = compiled;
    this.#open = new OpenSlots(live);
    this.#hidden = new HiddenList(live, compiled);
    this.#recorder = recorder;
    this.#tables = allTables(recorder.tables).map((table) => new GrowingTable(table));
  }

  /** The changes as a batch that begins now sees them, whatever comes while it runs. */
  view(): FreshView {
    this.#record();
    const count = this.#recorded;
    const openOf = this.#open.now();
    return {
      items: {
        count,
        hidden: this.#hidden.now(),
        tensors: () => ({
          fresh_items: this.#live.embeddings(count),
          ...Object.fromEntries(this.#tables.map((table) => [table.name, table.first(count)])),
        }),
      },
      apply: (query, request) => ({
        ...query,
        freshOpen: openOf(request),
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

  #idsOf(rows: Uint32Array): Float64Array {
    const { count } = this.#compiled;
    const ids = this.#compiled.idsOf(rows.map((row) => (row < count ? row : 0)));
    for (const [at, row] of rows.entries()) {
      if (row >= count) ids[at] = this.#live.idAt(row - count);
    }
    return ids;
  }
}

/** What a batch sees of the changes. */
export interface FreshView {
  readonly items: FreshItems;
  /** The query, told which fresh items it may get. */
  apply(query: EngineQuery, request: RetrievalRequest): EngineQuery;
  /** Ids of rows of which some are fresh items'. */
  idsOf(rows: Uint32Array): Float64Array;
}
