import * as fc from "fast-check";
import { expect, test } from "vitest";
import { bindFilter } from "../../src/retrieval/filter/bind.ts";
import { matches } from "../../src/retrieval/filter/evaluate.ts";
import { parseFilter } from "../../src/retrieval/filter/grammar.ts";
import { valueCounts } from "../compile/value-counts.ts";
import { anyFilter, ITEMS, smallDataset } from "../dataset.fixture.ts";
import { distinctOf, indexAttributes, upperBound } from "./attribute-index.ts";
import { cellColumns, cellCount, NO_VALUE } from "./cells.ts";
import { FilterPlanner } from "./filter-planner.ts";
import { RANGE_NUMBERS, STEP_FLAGS, stepTensors, type StepTensors } from "./step-tensors.ts";

const { catalogue } = smallDataset();
const index = indexAttributes(catalogue.columns, null);
const columns = cellColumns(
  catalogue.columns,
  (column) => distinctOf(index, column),
  (column) => cellCount(catalogue.columns[column]!),
);
const planner = new FilterPlanner(catalogue.columns, {
  index,
  shares: { counts: valueCounts(catalogue.columns, index.columns), items: ITEMS, index },
  heads: 1,
  cells: { columns, use: "scan" },
});

/** The row of an item's cells, as their definition says. */
function cellsOf(item: number): number[] {
  return catalogue.columns.flatMap((column, at) => {
    const { base, cells, distinct } = columns[at]!;
    const held =
      column.kind === "numeric"
        ? [column.values[item]!]
            .filter((value) => !Number.isNaN(value))
            .map((value) => upperBound(distinct!, value) - 1)
        : [...column.values.subarray(column.offsets[item], column.offsets[item + 1])];
    return Array.from({ length: cells }, (_, slot) =>
      slot < held.length ? base + held[slot]! : NO_VALUE,
    );
  });
}

/** The steps of one plan worked off for one item, one register after the other. */
function runs(
  { steps, plans, ranges, flags, complements }: StepTensors,
  plan: number,
  item: number,
) {
  const row = cellsOf(item);
  let [term, clause, result] = [true, true, true];
  for (let step = 0; step < steps; step++) {
    const [cell, low, high] = Array.from(
      { length: RANGE_NUMBERS },
      (_, at) => ranges[(step * RANGE_NUMBERS + at) * plans + plan]!,
    ) as [number, number, number];
    const flag = (name: (typeof STEP_FLAGS)[number]): boolean =>
      flags[(step * STEP_FLAGS.length + STEP_FLAGS.indexOf(name)) * plans + plan] === 1;
    const within = row[cell]! >= low && row[cell]! <= high;
    term = term !== flag("literalBefore") && within !== flag("literalOperand");
    clause = clause !== flag("termBefore") && (term !== flag("termOperand") || flag("termIdle"));
    result =
      result !== flag("clauseBefore") && (clause !== flag("clauseOperand") || flag("clauseIdle"));
    term ||= flag("termEnds");
    clause ||= flag("clauseEnds");
  }
  return result !== (complements[plan] === 1);
}

test("steps over cells are true of just the items that match, each plan beside others", () => {
  fc.assert(
    fc.property(fc.array(anyFilter, { minLength: 1, maxLength: 3 }), (texts) => {
      const tensors = stepTensors([null, ...texts.map((text) => planner.plan(text)?.scan ?? null)]);
      for (let item = 0; item < ITEMS; item++) {
        expect(runs(tensors, 0, item)).toBe(true);
        for (const [at, text] of texts.entries()) {
          const filter = bindFilter(parseFilter(text), catalogue.columns);
          expect(runs(tensors, at + 1, item), `${text}, item ${item}`).toBe(
            matches(filter, catalogue, item),
          );
        }
      }
    }),
    { numRuns: 40 },
  );
});
