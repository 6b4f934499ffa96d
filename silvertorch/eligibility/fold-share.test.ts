import { expect, test } from "vitest";
import { bindFilter } from "../../src/retrieval/filter/bind.ts";
import { matches } from "../../src/retrieval/filter/evaluate.ts";
import { parseFilter } from "../../src/retrieval/filter/grammar.ts";
import { valueCounts } from "../compile/value-counts.ts";
import { ITEMS, smallDataset } from "../dataset.fixture.ts";
import { indexAttributes } from "./attribute-index.ts";
import { foldItem, foldLayout, foldPenalties } from "./fold.ts";
import { passingShare, seemingCounts } from "./fold-share.ts";

const { catalogue } = smallDataset();
const { columns } = catalogue;
const layout = foldLayout(columns);
const index = indexAttributes(columns, null);
const known = { counts: valueCounts(columns, index.columns), items: ITEMS, index };
const seeming = layout.codes.map((code) => seemingCounts(code, columns));

/** Of the items that a folded filter lets through, which there are. */
function letThrough(text: string): number[] {
  const penalties = foldPenalties(bindFilter(parseFilter(text), columns), layout)!;
  const into = new Float32Array(layout.dims);
  return Array.from({ length: ITEMS }, (_, item) => item).filter((item) => {
    foldItem(layout, { columns, item, into });
    return !into.some((value, dim) => value < 0 && penalties[dim]! > 0);
  });
}

test("as many items seem to hold a value as its dimensions let through", () => {
  const topic = layout.codes.findIndex(({ column }) => columns[column]!.name === "topic");
  for (const value of [0, 3, 11]) {
    expect(seeming[topic]![value]).toBe(letThrough(`topic:v${value}`).length);
  }
});

test("the share that passes the check is that of the items which match, nearly", () => {
  for (const text of [
    "lang:v1",
    "topic:v3",
    "lang:v1 AND topic:v2",
    "topic:v1 AND age <= 3",
    "lang:v2 AND NOT topic:v0",
    "lang:v0 AND age != 2",
  ]) {
    const filter = bindFilter(parseFilter(text), columns);
    const through = letThrough(text);
    const right = through.filter((item) => matches(filter, catalogue, item));
    const passing = passingShare(filter, { layout, seeming }, known);
    expect(Math.abs(passing - right.length / through.length)).toBeLessThan(0.15);
  }
});
