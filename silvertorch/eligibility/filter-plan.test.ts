import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bindFilter, type BoundFilter } from "../../src/retrieval/filter/bind.ts";
import { matches } from "../../src/retrieval/filter/evaluate.ts";
import { parseFilter } from "../../src/retrieval/filter/grammar.ts";
import { anyFilter, ITEMS, smallDataset } from "../dataset.fixture.ts";
import { distinctOf, indexAttributes } from "./attribute-index.ts";
import { bitmapLayout } from "./bitmap-layout.ts";
import { bitmapTable } from "./bitmap-table.ts";
import {
  CellConditions,
  cellColumns,
  cellCount,
  type CellColumn,
  type CellRange,
} from "./cells.ts";
import { MAX_PLAN_STEPS, planExpression, planFilter, type FilterPlan } from "./filter-plan.ts";
import type { Operator } from "./expression.ts";

const { catalogue } = smallDataset();
const index = indexAttributes(catalogue.columns, null);
const layout = bitmapLayout(ITEMS);
const table = Array.from(bitmapTable(index, catalogue.columns, layout), (bytes) => bytes.slice());
const bound = (text: string): BoundFilter => bindFilter(parseFilter(text), catalogue.columns);
const planned = (text: string): FilterPlan | null => planFilter(bound(text), index);
const shape = (text: string): number[][] | undefined =>
  planned(text)?.map(({ terms }) => terms.map(({ steps }) => steps.length));

/** Bit of an item in a row of a table: see bitmap-layout.ts. */
function bitIn(rows: readonly Uint8Array[], row: number, item: number): boolean {
  const byte = item >> 3;
  const at = (byte % layout.words) * 8 + Math.floor(byte / layout.words);
  return ((rows[row]![at]! >> (item & 7)) & 1) === 1;
}

const folded = (values: readonly { op: Operator; value: boolean }[]): boolean =>
  values.reduce((all, { op, value }) => (op === "and" ? all && value : all || value), true);

const bitOf = (row: number, item: number): boolean => bitIn(table, row, item);

/** A plan worked off for one item, as its definition says. */
function runs(plan: FilterPlan | null, item: number, holds = bitOf): boolean {
  return folded(
    (plan ?? []).map((clause) => ({
      op: clause.op,
      value: folded(
        clause.terms.map((term) => ({
          op: term.op,
          value: folded(
            term.steps.map(({ op, literal }) => ({
              op,
              value: holds(literal.row, item) !== literal.negated,
            })),
          ),
        })),
      ),
    })),
  );
}

test("a plan finds just the items that match the filter", () => {
  fc.assert(
    fc.property(anyFilter, (text) => {
      const filter = bound(text);
      const plan = planFilter(filter, index);
      for (let item = 0; item < ITEMS; item++) {
        expect(runs(plan, item), `item ${item}`).toBe(matches(filter, catalogue, item));
      }
    }),
    { numRuns: 150 },
  );
});

describe("by signatures", () => {
  const signed = indexAttributes(catalogue.columns, { bits: 16, hashes: 2 });
  const signedTable = Array.from(bitmapTable(signed, catalogue.columns, layout), (bytes) =>
    bytes.slice(),
  );
  const seems = (row: number, item: number): boolean => bitIn(signedTable, row, item);

  test("a plan finds every item that matches the filter, whatever is negated in it", () => {
    let found = 0;
    let matching = 0;
    fc.assert(
      fc.property(anyFilter, (text) => {
        const filter = bound(text);
        const plan = planFilter(filter, signed);
        for (let item = 0; item < ITEMS; item++) {
          const passes = runs(plan, item, seems);
          found += Number(passes);
          matching += Number(matches(filter, catalogue, item));
          expect(passes || !matches(filter, catalogue, item), `item ${item}`).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
    expect(found).toBeGreaterThan(matching);
  });

  test("numeric ranges are exact", () => {
    const filter = bound("age <= 2 AND NOT age = 0");
    const plan = planFilter(filter, signed);
    for (let item = 0; item < ITEMS; item++) {
      expect(runs(plan, item, seems)).toBe(matches(filter, catalogue, item));
    }
  });
});

test("a filter over an item's cells is true of just the items that match it", () => {
  const columns = cellColumns(
    catalogue.columns,
    (column) => distinctOf(index, column),
    (column) => cellCount(catalogue.columns[column]!),
  );
  fc.assert(
    fc.property(anyFilter, (text) => {
      const filter = bound(text);
      const conditions = new CellConditions(columns);
      const expression = conditions.expression(filter);
      const plan = planExpression(expression);
      const holds = (range: number, item: number): boolean =>
        cellsOf(columns, item).some((cell) => within(cell, conditions.ranges[range]));
      // What is true or false of all needs no cell to be told.
      const items = expression.kind === "constant" ? 0 : ITEMS;
      for (let item = 0; item < items; item++) {
        expect(runs(plan, item, holds), `item ${item}`).toBe(matches(filter, catalogue, item));
      }
    }),
    { numRuns: 40 },
  );
});

const within = (cell: number, range: CellRange | undefined): boolean =>
  range !== undefined && cell >= range[0] && cell <= range[1];

/** The numbers of an item's values, as their definition says. */
function cellsOf(columns: readonly CellColumn[], item: number): number[] {
  return catalogue.columns.flatMap((column, at) => {
    const { base, distinct } = columns[at]!;
    if (column.kind === "numeric") {
      const value = column.values[item]!;
      return Number.isNaN(value) ? [] : [base + distinct!.indexOf(value)];
    }
    const codes = column.values.subarray(column.offsets[item], column.offsets[item + 1]);
    return Array.from(codes, (code) => base + code);
  });
}

test("a filter that everything passes needs no plan", () => {
  expect(planned("")).toBeNull();
  expect(planned("NOT lang:nowhere")).toBeNull();
});

test("a filter that nothing passes is one step", () => {
  expect(shape("lang:nowhere AND topic:v1")).toEqual([[1]]);
  expect(shape("age > 1000")).toEqual([[1]]);
});

describe("plans are short", () => {
  test("a conjunction is one chain", () => {
    expect(shape("lang:v1 AND topic:v2 AND age <= 2 AND NOT topic:v3")).toEqual([[4]]);
  });

  test("a mixed chain needs no second register", () => {
    expect(shape("lang:v1 AND (topic:v2 OR (topic:v3 AND age <= 2))")).toEqual([[4]]);
  });

  test("a value of two digits is two steps a slot", () => {
    expect(shape("creator:v7")).toEqual([[2, 2, 2]]);
  });

  test("a large IN list grows by its values, not by their combinations", () => {
    const list = Array.from({ length: 100 }, (_, at) => `v${at}`).join(", ");
    const steps = shape(`creator IN (${list}) AND lang:v1`)!.flat();
    expect(steps.reduce((sum, length) => sum + length)).toBe(100 * 3 * 2 + 1);
  });
});

const pair = (at: number): string => `(lang:v${at % 5} AND topic:v${at % 12})`;
const level = (depth: number, op: string, at: number): string =>
  depth === 0
    ? pair(at)
    : `(${level(depth - 1, op === "AND" ? "OR" : "AND", 2 * at)} ${op} ${level(depth - 1, op === "AND" ? "OR" : "AND", 2 * at + 1)})`;

test("an expression for which three registers are too few is multiplied out", () => {
  const text = level(4, "AND", 1);
  const filter = bound(text);
  const plan = planFilter(filter, index);
  for (let item = 0; item < ITEMS; item++) {
    expect(runs(plan, item)).toBe(matches(filter, catalogue, item));
  }
});

const literalsOf = (plan: FilterPlan | null): number =>
  (plan ?? []).flatMap(({ terms }) => terms).reduce((sum, { steps }) => sum + steps.length, 0);

test("of 32 terms nested as deeply as can be little is multiplied out", () => {
  for (const op of ["AND", "OR"]) {
    const text = level(4, op, 1);
    const plan = planFilter(bound(text), index);
    expect(literalsOf(plan)).toBeLessThan(400);
    for (let item = 0; item < ITEMS; item++) {
      expect(runs(plan, item)).toBe(matches(bound(text), catalogue, item));
    }
  }
});

test("a plan beyond the limit is refused with its size", () => {
  const list = Array.from({ length: 1000 }, (_, at) => `v${at}`).join(", ");
  expect(() => planned(`creator IN (${list})`)).toThrow(
    `it takes 6000 bitmap operations, at most ${MAX_PLAN_STEPS} are possible`,
  );
});
