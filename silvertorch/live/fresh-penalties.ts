import { FilterCache } from "../../src/retrieval/filter/filter-cache.ts";
import { parseFilter } from "../../src/retrieval/filter/grammar.ts";
import type { RetrievalRequest } from "../../src/retrieval/request.ts";
import type { LiveItems } from "./live-items.ts";
import { SlotFilter } from "./slot-filter.ts";

/** Filters whose fresh items are remembered. */
const CACHED_FILTERS = 10_000;

/**
 * Of a request, for each fresh item: 0, or -inf where it may not be returned. Requests that may get
 * the same share one array.
 */
export type PenaltiesOf = (
  request: Pick<RetrievalRequest, "filter" | "exclude">,
) => Float32Array<ArrayBuffer>;

/** Which fresh items a request may be answered with: those that are not gone, of its filter, not excluded. */
export class FreshPenalties {
  readonly #live: LiveItems;
  readonly #filters = new FilterCache(CACHED_FILTERS, (text) => new SlotFilter(parseFilter(text)));

  constructor(live: LiveItems) {
    this.#live = live;
  }

  /** As it is now, for a batch that begins, whatever comes while it runs. */
  now(): PenaltiesOf {
    const alive = this.#live.penalties();
    const byFilter = new Map<string, Float32Array<ArrayBuffer>>();
    return ({ filter, exclude }) => {
      const ofFilter = this.#barredBy(filter, alive, byFilter);
      let penalties = ofFilter;
      for (const id of exclude) {
        const slot = this.#live.slotOf(id);
        if (slot < 0 || slot >= penalties.length) continue;
        if (penalties === ofFilter) penalties = ofFilter.slice();
        penalties[slot] = -Infinity;
      }
      return penalties;
    };
  }

  #barredBy(
    filter: string,
    alive: Float32Array<ArrayBuffer>,
    byFilter: Map<string, Float32Array<ArrayBuffer>>,
  ): Float32Array<ArrayBuffer> {
    const known = byFilter.get(filter);
    if (known !== undefined) return known;
    const penalties = alive.slice();
    if (penalties.length > 0) this.#filters.get(filter).bar(penalties, this.#live);
    byFilter.set(filter, penalties);
    return penalties;
  }
}
