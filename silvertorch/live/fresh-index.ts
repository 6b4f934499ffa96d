import { FilterCache } from "../../src/retrieval/filter/filter-cache.ts";
import { parseFilter } from "../../src/retrieval/filter/grammar.ts";
import type { RetrievalRequest } from "../../src/retrieval/request.ts";
import { allTables } from "../compile/fresh-tables.ts";
import { embeddingTable, type FreshItems } from "../engine/fresh-items.ts";
import type { EngineQuery } from "../engine/query.ts";
import { GrowingTable } from "./growing-table.ts";
import type { ItemRecorder } from "./item-recorder.ts";
import type { LiveItems } from "./live-items.ts";
import { SlotFilter } from "./slot-filter.ts";

/** Filters whose fresh items are remembered. */
const CACHED_FILTERS = 10_000;

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
  readonly #filters = new FilterCache(CACHED_FILTERS, (text) => new SlotFilter(parseFilter(text)));
  /** Slots that are in the tables. */
  #recorded = 0;
  #hidden: { readonly version: number; readonly rows: ReadonlySet<number> };

  constructor(live: LiveItems, compiled: CompiledItems, recorder: ItemRecorder) {
    this.#live = live;
    this.#compiled = compiled;
    this.#recorder = recorder;
    const tables = [embeddingTable(live.dim), ...allTables(recorder.tables)];
    this.#tables = tables.map((table) => new GrowingTable(table));
    this.#hidden = { version: -1, rows: new Set() };
  }

  /** The changes as a batch that begins now sees them, whatever comes while it runs. */
  view(): FreshView {
    this.#record();
    const count = this.#recorded;
    const alive = new Float32Array(count);
    for (let slot = 0; slot < count; slot++) {
      if (this.#live.at(slot) === null) alive[slot] = -Infinity;
    }
    const hidden = this.#hiddenRows();
    return {
      items: {
        count,
        tensors: () =>
          Object.fromEntries(this.#tables.map((table) => [table.name, table.first(count)])),
      },
      apply: (query, request) => ({
        ...query,
        exclude: this.#withHidden(query.exclude, hidden),
        freshPenalties: this.#penaltiesOf(request, alive),
      }),
      idsOf: (rows) => this.#idsOf(rows),
    };
  }

  #record(): void {
    const [embeddings, ...tables] = this.#tables;
    for (; this.#recorded < this.#live.count; this.#recorded++) {
      const item = this.#live.at(this.#recorded);
      const record = item === null ? null : this.#recorder.record(item);
      embeddings!.append(item?.embedding ?? null);
      for (const [at, table] of tables.entries()) table.append(record?.[at] ?? null);
    }
  }

  #hiddenRows(): ReadonlySet<number> {
    const { version } = this.#live;
    if (this.#hidden.version !== version) {
      const rows = new Set(Array.from(this.#live.hiddenIds(), (id) => this.#compiled.rowOf(id)));
      this.#hidden = { version, rows };
    }
    return this.#hidden.rows;
  }

  /** Each row once: what is left is counted by them. */
  #withHidden(excluded: Uint32Array, hidden: ReadonlySet<number>): Uint32Array {
    if (hidden.size === 0) return excluded;
    const visible = excluded.filter((row) => !hidden.has(row));
    const rows = new Uint32Array(visible.length + hidden.size);
    rows.set(visible);
    let next = visible.length;
    for (const row of hidden) rows[next++] = row;
    return rows;
  }

  #penaltiesOf({ filter, exclude }: RetrievalRequest, alive: Float32Array): Float32Array {
    const penalties = alive.slice();
    if (penalties.length === 0) return penalties;
    this.#filters.get(filter).bar(penalties, this.#live);
    for (const id of exclude) {
      const slot = this.#live.slotOf(id);
      if (slot >= 0 && slot < penalties.length) penalties[slot] = -Infinity;
    }
    return penalties;
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
  /** The query with what is hidden excluded, and told which fresh items it may get. */
  apply(query: EngineQuery, request: RetrievalRequest): EngineQuery;
  /** Ids of rows of which some are fresh items'. */
  idsOf(rows: Uint32Array): Float64Array;
}
