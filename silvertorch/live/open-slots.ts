import { clearBit } from "../../src/math/bit-words.ts";
import { FilterCache } from "../../src/retrieval/filter/filter-cache.ts";
import { parseFilter } from "../../src/retrieval/filter/grammar.ts";
import type { RetrievalRequest } from "../../src/retrieval/request.ts";
import type { FreshOpen } from "../engine/query.ts";
import type { LiveItems } from "./live-items.ts";
import { SlotFilter } from "./slot-filter.ts";

/** Filters whose fresh items are remembered. */
const CACHED_FILTERS = 10_000;

/** Which fresh items a request may get. Requests that may get the same share one. */
export type OpenSlotsOf = (request: Pick<RetrievalRequest, "filter" | "exclude">) => FreshOpen;

/** Which fresh items a request may be answered with: those that are not gone, of its filter, not excluded. */
export class OpenSlots {
  readonly #live: LiveItems;
  /** Of the last batch that began, and how often items had changed by then. */
  #last: { readonly version: number; readonly openOf: OpenSlotsOf } | null = null;
  readonly #filters = new FilterCache(CACHED_FILTERS, (text) => new SlotFilter(parseFilter(text)));

  constructor(live: LiveItems) {
    this.#live = live;
  }

  /**
   * As it is now, for a batch that begins, whatever comes while it runs. What is known of a filter
   * holds until something changes.
   */
  now(): OpenSlotsOf {
    const { version } = this.#live;
    if (this.#last?.version !== version) this.#last = { version, openOf: this.#made() };
    return this.#last.openOf;
  }

  #made(): OpenSlotsOf {
    const { count } = this.#live;
    const alive = this.#live.alive();
    const made = (filter: string): FreshOpen => {
      const words = alive.slice();
      if (count > 0) this.#filters.get(filter).keep(words, this.#live);
      return { count, words };
    };
    const kept = new Map<string, FreshOpen>();
    return ({ filter, exclude }) => {
      let ofFilter = kept.get(filter);
      if (ofFilter === undefined) {
        // Of those that are given up the next change would make new ones anyway.
        if (kept.size === CACHED_FILTERS) kept.clear();
        ofFilter = made(filter);
        kept.set(filter, ofFilter);
      }
      let words = ofFilter.words;
      for (const id of exclude) {
        const slot = this.#live.slotOf(id);
        if (slot < 0 || slot >= count) continue;
        if (words === ofFilter.words) words = words.slice();
        clearBit(words, slot);
      }
      return words === ofFilter.words ? ofFilter : { count, words };
    };
  }
}
