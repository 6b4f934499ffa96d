import { HarnessError } from "../../src/errors.ts";
import { ownProcessStats } from "../../src/door/own-process.ts";
import { StageTimes } from "../../src/door/stage-times.ts";
import type { Column } from "../../src/retrieval/catalogue.ts";
import { bindFilter, type BoundFilter } from "../../src/retrieval/filter/bind.ts";
import { FilterCache, FILTERS_READ } from "../../src/retrieval/filter/filter-cache.ts";
import { type Filter, parseFilter } from "../../src/retrieval/filter/grammar.ts";
import type { Changes, Dated, Follower } from "../live/changes.ts";
import { ChangedRows } from "./changed-rows.ts";
import type { EligibleRows, FilterService, ServiceStats } from "../services.ts";
import type { InvertedIndex } from "./inverted-index.ts";

export interface FilterStoreOptions {
  /** Names, kinds and vocabularies; the items' own values are not needed. */
  readonly columns: readonly Column[];
  readonly index: InvertedIndex;
  /** Results kept by filter text; 0: none. */
  readonly cache: number;
}

/** A filter as it was written, and as the posting lists know it. */
interface ReadFilter {
  readonly filter: Filter;
  readonly bound: BoundFilter;
}

/** The filter service: from filter text to the rows that pass. */
export class FilterStore implements FilterService {
  readonly #times = new StageTimes();
  readonly followers: readonly Follower[] = [
    { service: "filter", apply: (changes) => Promise.resolve(this.#apply(changes)) },
  ];
  readonly #options: FilterStoreOptions;
  readonly #changed: ChangedRows;
  readonly #read: FilterCache<ReadFilter>;
  #cache: FilterCache<EligibleRows>;
  #asked = 0;
  #evaluated = 0;

  constructor(options: FilterStoreOptions) {
    this.#options = options;
    this.#changed = new ChangedRows(options.columns);
    this.#read = new FilterCache(FILTERS_READ, (text) => {
      const filter = parseFilter(text);
      return { filter, bound: bindFilter(filter, options.columns) };
    });
    this.#cache = this.#emptyCache();
  }

  evaluate(filters: readonly string[]): Promise<readonly (Dated<EligibleRows> | HarnessError)[]> {
    const startMs = performance.now();
    const answers = filters.map((filter) => this.#evaluateOne(filter));
    this.#times.record("filter.evaluate", performance.now() - startMs);
    return Promise.resolve(answers);
  }

  stats(): Promise<readonly ServiceStats[]> {
    return Promise.resolve([
      {
        process: ownProcessStats("filter"),
        stages: this.#times.encode(),
        counters: new Map([
          ["filter.asked", this.#asked],
          ["filter.cache_hits", this.#asked - this.#evaluated],
        ]),
      },
    ]);
  }

  #emptyCache(): FilterCache<EligibleRows> {
    const { index, cache } = this.#options;
    return new FilterCache(cache, (text) => {
      this.#evaluated++;
      const { filter, bound } = this.#read.get(text);
      const changed = this.#changed;
      if (changed.count === 0) return index.evaluate(bound);
      return index.evaluate(bound, (found) => changed.correct(filter, found));
    });
  }

  #apply(changes: Changes): number {
    const version = this.#changed.apply(changes);
    // What was answered before is not so any more.
    if (changes.items.length > 0) this.#cache = this.#emptyCache();
    return version;
  }

  #evaluateOne(filter: string): Dated<EligibleRows> | HarnessError {
    this.#asked++;
    try {
      return { ...this.#cache.get(filter), version: this.#changed.version };
    } catch (error) {
      return HarnessError.from(error);
    }
  }
}
