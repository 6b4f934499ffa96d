import { HarnessError } from "../../src/errors.ts";
import { ownProcessStats } from "../../src/door/own-process.ts";
import { StageTimes } from "../../src/door/stage-times.ts";
import type { Column } from "../../src/retrieval/catalogue.ts";
import { bindFilter } from "../../src/retrieval/filter/bind.ts";
import { FilterCache } from "../../src/retrieval/filter/filter-cache.ts";
import { parseFilter } from "../../src/retrieval/filter/grammar.ts";
import type { EligibleRows, FilterService, ServiceStats } from "../services.ts";
import type { InvertedIndex } from "./inverted-index.ts";

export interface FilterStoreOptions {
  /** Names, kinds and vocabularies; the items' own values are not needed. */
  readonly columns: readonly Column[];
  readonly index: InvertedIndex;
  /** Results kept by filter text; 0: none. */
  readonly cache: number;
}

/** The filter service: from filter text to the rows that pass. */
export class FilterStore implements FilterService {
  readonly #times = new StageTimes();
  readonly #cache: FilterCache<EligibleRows>;
  #asked = 0;
  #evaluated = 0;

  constructor({ columns, index, cache }: FilterStoreOptions) {
    this.#cache = new FilterCache(cache, (text) => {
      this.#evaluated++;
      return index.evaluate(bindFilter(parseFilter(text), columns));
    });
  }

  evaluate(filters: readonly string[]): Promise<readonly (EligibleRows | HarnessError)[]> {
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

  #evaluateOne(filter: string): EligibleRows | HarnessError {
    this.#asked++;
    try {
      return this.#cache.get(filter);
    } catch (error) {
      return HarnessError.from(error);
    }
  }
}
