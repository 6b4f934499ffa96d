import { FilterCache } from "../../src/retrieval/filter/filter-cache.ts";
import { parseFilter } from "../../src/retrieval/filter/grammar.ts";
import type { RetrievalRequest } from "../../src/retrieval/request.ts";
import { allTables } from "../compile/fresh-tables.ts";
import { type FreshItems, type HiddenRows, hiddenRows } from "../engine/fresh-items.ts";
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
  #hidden = hiddenRows(new Uint32Array(0));

  constructor(live: LiveItems, compiled: CompiledItems, recorder: ItemRecorder) {
    this.#live = live;
    this.#compiled = compiled;
    this.#recorder = recorder;
    this.#tables = allTables(recorder.tables).map((table) => new GrowingTable(table));
  }

  /** The changes as a batch that begins now sees them, whatever comes while it runs. */
  view(): FreshView {
    this.#record();
    const count = this.#recorded;
    const alive = new Float32Array(count);
    for (let slot = 0; slot < count; slot++) {
      if (this.#live.at(slot) === null) alive[slot] = -Infinity;
    }
    const byFilter = new Map<string, Float32Array>();
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
        freshPenalties: this.#penaltiesOf(request, { alive, byFilter }),
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

  /** Those of the filter, or a copy where the request excludes a fresh item. */
  #penaltiesOf({ filter, exclude }: RetrievalRequest, sight: Sight): Float32Array {
    const ofFilter = this.#barredBy(filter, sight);
    let penalties = ofFilter;
    for (const id of exclude) {
      const slot = this.#live.slotOf(id);
      if (slot < 0 || slot >= penalties.length) continue;
      if (penalties === ofFilter) penalties = ofFilter.slice();
      penalties[slot] = -Infinity;
    }
    return penalties;
  }

  #barredBy(filter: string, { alive, byFilter }: Sight): Float32Array {
    const known = byFilter.get(filter);
    if (known !== undefined) return known;
    const penalties = alive.slice();
    if (penalties.length > 0) this.#filters.get(filter).bar(penalties, this.#live);
    byFilter.set(filter, penalties);
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

/** Both ascending, and none in both. */
function mergedRows(rows: Uint32Array, added: Uint32Array): Uint32Array {
  const all = new Uint32Array(rows.length + added.length);
  for (let at = 0, old = 0, young = 0; at < all.length; at++) {
    const isOld = young === added.length || (old < rows.length && rows[old]! < added[young]!);
    all[at] = isOld ? rows[old++]! : added[young++]!;
  }
  return all;
}

/** Which fresh items there are for a batch, and, once it was asked, for a filter of it. */
interface Sight {
  /** Of each 0, or -inf where it is gone. */
  readonly alive: Float32Array;
  readonly byFilter: Map<string, Float32Array>;
}

/** What a batch sees of the changes. */
export interface FreshView {
  readonly items: FreshItems;
  /** The query, told which fresh items it may get. */
  apply(query: EngineQuery, request: RetrievalRequest): EngineQuery;
  /** Ids of rows of which some are fresh items'. */
  idsOf(rows: Uint32Array): Float64Array;
}
