import { bindFilter } from "../../src/retrieval/filter/bind.ts";
import { FilterCache } from "../../src/retrieval/filter/filter-cache.ts";
import { parseFilter } from "../../src/retrieval/filter/grammar.ts";
import type { Column } from "../../src/retrieval/catalogue.ts";
import type { AttributeIndex } from "./attribute-index.ts";
import { planFilter } from "./filter-plan.ts";
import { encodePlan, type EncodedPlan } from "./plan-tensors.ts";

/** Plans kept: a plan is a few hundred bytes, and real filters repeat. */
const CACHED_PLANS = 10_000;

/** From a filter's text to its program for the graph, remembered by text. */
export class FilterPlanner {
  readonly #plans: FilterCache<EncodedPlan | null>;

  /** @param columns names and vocabularies; the items' values are not needed. */
  constructor(columns: readonly Column[], index: AttributeIndex) {
    this.#plans = new FilterCache(CACHED_PLANS, (text) => {
      const plan = planFilter(bindFilter(parseFilter(text), columns), index);
      return plan === null ? null : encodePlan(plan);
    });
  }

  /**
   * null: every item is eligible.
   * @throws HarnessError BAD_INPUT if the text is no filter, names no column, or takes too much.
   */
  plan(text: string): EncodedPlan | null {
    return this.#plans.get(text);
  }
}
