import { bindFilter } from "../../src/retrieval/filter/bind.ts";
import { FilterCache } from "../../src/retrieval/filter/filter-cache.ts";
import { type Filter, parseFilter } from "../../src/retrieval/filter/grammar.ts";
import { printFilter } from "../../src/retrieval/filter/print.ts";
import type { Column } from "../../src/retrieval/catalogue.ts";
import type { AttributeIndex } from "./attribute-index.ts";
import { planFilter } from "./filter-plan.ts";
import { encodePlan, type EncodedPlan } from "./plan-tensors.ts";

/** Plans kept: a plan is a few hundred bytes, and real filters repeat. */
const CACHED_PLANS = 10_000;

/** From a filter's text to its program for the graph, remembered by text. */
export class FilterPlanner {
  readonly #columns: readonly Column[];
  readonly #plans: FilterCache<EncodedPlan | null>;

  /** @param columns names and vocabularies; the items' values are not needed. */
  constructor(columns: readonly Column[], index: AttributeIndex) {
    this.#columns = columns;
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

  /** The plan of some filter that needs work, for a warm-up; null: there are no attributes. */
  anyPlan(): EncodedPlan | null {
    for (const column of this.#columns) {
      const filter = anyConditionOn(column);
      if (filter === null) continue;
      const plan = this.plan(printFilter(filter));
      if (plan !== null) return plan;
    }
    return null;
  }
}

/** null: the column has no value. */
function anyConditionOn(column: Column): Filter | null {
  const { name } = column;
  if (column.kind === "numeric") return { kind: "compare", name, op: ">=", value: 0 };
  const [value] = column.vocabulary;
  return value === undefined ? null : { kind: "match", name, values: [value] };
}
