import * as fc from "fast-check";
import { expect, test } from "vitest";
import { bindFilter, type BoundFilter } from "../../src/retrieval/filter/bind.ts";
import { matches } from "../../src/retrieval/filter/evaluate.ts";
import { parseFilter } from "../../src/retrieval/filter/grammar.ts";
import { anyFilter, ITEMS, smallDataset } from "../dataset.fixture.ts";
import { FOLD_PENALTY, foldItem, foldLayout, foldPenalties } from "./fold.ts";

const { columns, ...catalogue } = smallDataset().catalogue;
const layout = foldLayout(columns);
const bound = (text: string): BoundFilter => bindFilter(parseFilter(text), columns);
const held = Array.from({ length: ITEMS }, (_, item) => {
  const into = new Float32Array(layout.dims);
  foldItem(layout, { columns, item, into });
  return into;
});

/** What the product adds to an item's score. */
const added = (penalties: Float32Array, item: number): number =>
  held[item]!.reduce((sum, value, dim) => sum + value * penalties[dim]!, 0);

const passing = (text: string): number[] => {
  const penalties = foldPenalties(bound(text), layout)!;
  return held.flatMap((_, item) => (added(penalties, item) === 0 ? [item] : []));
};

test("an item that matches keeps its score to the bit, another one loses it or is left to the check", () => {
  const taken = layout.valueDims + layout.thresholds.length;
  expect(taken).toBeLessThanOrEqual(layout.dims);
  expect(layout.dims % 4).toBe(0);
  fc.assert(
    fc.property(anyFilter, (text) => {
      const filter = bound(text);
      const penalties = foldPenalties(filter, layout);
      if (penalties === null) return true;
      return held.every((_, item) => {
        const change = added(penalties, item);
        if (matches(filter, { ...catalogue, columns }, item)) return change === 0;
        return change === 0 || change <= -Math.fround(FOLD_PENALTY);
      });
    }),
    { numRuns: 200 },
  );
});

test("a conjunction lets through little that does not match", () => {
  for (const text of ["lang:v1 AND topic:v3", "lang:v2 AND age >= 0", "topic:v1 AND topic:v2"]) {
    const right = held.flatMap((_, item) =>
      matches(bound(text), { ...catalogue, columns }, item) ? [item] : [],
    );
    expect(passing(text)).toEqual(expect.arrayContaining(right));
    expect(passing(text).length).toBeLessThan(3 * right.length + 20);
  }
});

test("what requires nothing, or has more than eight terms, is planned", () => {
  const nine = Array.from({ length: 9 }, (_, at) => `topic:v${at}`).join(" AND ");
  for (const text of ["", "NOT lang:v1", "lang:v1 OR lang:v2", "lang:nowhere", nine]) {
    expect(foldPenalties(bound(text), layout)).toBeNull();
  }
});
