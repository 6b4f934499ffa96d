import { bindFilter, type BoundFilter } from "../../src/retrieval/filter/bind.ts";
import { FilterCache, FILTERS_READ } from "../../src/retrieval/filter/filter-cache.ts";
import { type Filter, parseFilter } from "../../src/retrieval/filter/grammar.ts";
import { printFilter } from "../../src/retrieval/filter/print.ts";
import type { Column } from "../../src/retrieval/catalogue.ts";
import type { AttributeIndex } from "./attribute-index.ts";
import { CellConditions, type CellColumn } from "./cells.ts";
import { clausesOf, encodeClauses } from "./clauses.ts";
import { clusterBonus, type ClusterShares } from "./cluster-shares.ts";
import { listedShare, shareOf, type ValueShares } from "./filter-share.ts";
import { foldPenalties } from "./fold.ts";
import { passingShare, type Folding } from "./fold-share.ts";
import { type FilterPlan, planExpression, planFilter } from "./filter-plan.ts";
import {
  EMPTY_PROGRAM,
  encodeProgram,
  type EncodedPlan,
  type EncodedProgram,
  type FoldedPlan,
} from "./plan-tensors.ts";

/** What plans are made for: the attributes of a catalogue in one of two forms. */
export interface PlannedFor {
  readonly index: AttributeIndex;
  readonly shares: ValueShares;
  /** Of the model. */
  readonly heads: number;
  /** Absent: clusters are taken by their centroids alone. */
  readonly clusters?: ClusterShares;
  /** Absent: plans are over bitmaps only, and nothing is checked. */
  readonly cells?: {
    readonly columns: readonly CellColumn[];
    /**
     * `scan`: plans are over cells; `check`: what bitmaps of signatures let through is checked;
     * a folding: conjunctions may be folded, and what they let through is checked.
     */
    readonly use: "scan" | "check" | Folding;
  };
}

/** From a filter's text to its program for the graph, remembered by text. */
export class FilterPlanner {
  readonly #columns: readonly Column[];
  readonly #plans: FilterCache<EncodedPlan | null>;

  /** @param columns names and vocabularies; the items' values are not needed. */
  constructor(columns: readonly Column[], plannedFor: PlannedFor) {
    this.#columns = columns;
    this.#plans = new FilterCache(FILTERS_READ, (text) => {
      return encodedPlan(bindFilter(parseFilter(text), columns), plannedFor);
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

function encodedPlan(filter: BoundFilter, plannedFor: PlannedFor): EncodedPlan | null {
  const plan = programsOf(filter, plannedFor);
  if (plan === null) return null;
  const { shares, clusters, heads } = plannedFor;
  const share = shareOf(filter, shares);
  const folded = share < listedShare(heads) ? null : foldedPlan(filter, plannedFor);
  return {
    ...plan,
    share,
    ...(folded === null ? {} : { folded }),
    ...(clusters === undefined ? {} : { clusterBonus: clusterBonus(filter, clusters) }),
  };
}

/** What the machines of the graph do for a filter; null: nothing. */
type Programs = Pick<EncodedPlan, "scan" | "check">;

function programsOf(filter: BoundFilter, { index, cells }: PlannedFor): Programs | null {
  if (cells?.use === "scan") return cellPlan(filter, cells.columns);
  const scan = planFilter(filter, index);
  const check =
    cells?.use === "check" && readsSignatures(filter, index)
      ? checkOf(filter, cells.columns)
      : null;
  if (scan === null && check === null) return null;
  return { scan: scan === null ? EMPTY_PROGRAM : encodeProgram(scan), check };
}

/** null: it cannot be folded. */
function foldedPlan(filter: BoundFilter, { cells, shares }: PlannedFor): FoldedPlan | null {
  if (cells === undefined || typeof cells.use !== "object") return null;
  const penalties = foldPenalties(filter, cells.use.layout);
  if (penalties === null) return null;
  const conditions = new CellConditions(cells.columns, "cell");
  const clauses = clausesOf(conditions.expression(filter));
  if (clauses === null) return null;
  const check = encodeClauses(clauses, (row) => conditions.ranges[row]!);
  if (check === null) return null;
  return { penalties, check, passing: passingShare(filter, cells.use, shares) };
}

/** Cells tell exactly, so that there is nothing to check. */
function cellPlan(filter: BoundFilter, cells: readonly CellColumn[]): Programs | null {
  const conditions = new CellConditions(cells, "cell");
  const expression = conditions.expression(filter);
  if (expression.kind === "constant" && !expression.value) {
    return { scan: encodeProgram(NOTHING, () => NO_RANGE), check: null };
  }
  const plan = planExpression(expression);
  if (plan === null) return null;
  return { scan: encodeProgram(plan, (row) => conditions.ranges[row]!), check: null };
}

/** True of no item: a range that no number lies in. */
const NOTHING: FilterPlan = [
  {
    op: "and",
    terms: [{ op: "and", steps: [{ op: "and", literal: { row: 0, negated: false } }] }],
  },
];
const NO_RANGE = [0, 1, 0];

function checkOf(filter: BoundFilter, cells: readonly CellColumn[]): EncodedProgram | null {
  const conditions = new CellConditions(cells);
  const expression = conditions.expression(filter);
  // What is true or false of every item needs no signature to be told.
  if (expression.kind === "constant") return null;
  return encodeProgram(planExpression(expression)!, (row) => conditions.ranges[row]!);
}

function readsSignatures(filter: BoundFilter, index: AttributeIndex): boolean {
  switch (filter.kind) {
    case "all":
    case "compare":
      return false;
    case "in":
      return index.columns[filter.column]!.kind === "signed";
    case "not":
      return readsSignatures(filter.part, index);
    case "and":
    case "or":
      return filter.parts.some((part) => readsSignatures(part, index));
  }
}

/** null: the column has no value. */
function anyConditionOn(column: Column): Filter | null {
  const { name } = column;
  if (column.kind === "numeric") return { kind: "compare", name, op: ">=", value: 0 };
  const [value] = column.vocabulary;
  return value === undefined ? null : { kind: "match", name, values: [value] };
}
