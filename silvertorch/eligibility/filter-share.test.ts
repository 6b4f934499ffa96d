import { expect, test } from "vitest";
import { bindFilter } from "../../src/retrieval/filter/bind.ts";
import { parseFilter } from "../../src/retrieval/filter/grammar.ts";
import type { Column } from "../../src/retrieval/catalogue.ts";
import { valueCounts } from "../compile/value-counts.ts";
import { indexAttributes } from "./attribute-index.ts";
import { shareOf, type ValueShares } from "./filter-share.ts";

const columns: readonly Column[] = [
  {
    kind: "categorical",
    name: "lang",
    vocabulary: ["en", "de"],
    offsets: Uint32Array.of(0, 1, 2, 3, 4, 4),
    values: Uint32Array.of(0, 0, 0, 1),
  },
  { kind: "numeric", name: "age", values: Float32Array.of(1, 2, 4, 4, NaN) },
];
const index = indexAttributes(columns, null);
const known: ValueShares = { counts: valueCounts(columns, index.columns), items: 5, index };

test.each([
  ["", 1],
  ["lang:en", 0.6],
  ["lang:fr", 0],
  ["NOT lang:en", 0.4],
  ["lang IN (en, de)", 0.8],
  ["age <= 1", 0.2],
  ["age < 1", 0],
  ["age < 3", 0.4],
  ["age > 3", 0.4],
  ["age >= 4", 0.4],
  ["age > 4", 0],
  ["age = 4", 0.4],
  ["age = 3", 0],
  ["age != 4", 0.4],
  ["NOT age <= 4", 0.2],
  ["lang:en AND age <= 2", 0.24],
  ["lang:en OR age <= 2", 0.76],
])("%s lets about so much through: %d", (text, share) => {
  expect(shareOf(bindFilter(parseFilter(text), columns), known)).toBeCloseTo(share);
});

test("of more numbers than are counted apart a comparison's share is still about right", () => {
  const values = Float32Array.from({ length: 50_000 }, (_, item) => item ** 2);
  const squares: Column[] = [{ kind: "numeric", name: "square", values }];
  const indexed = indexAttributes(squares, null);
  const counts = valueCounts(squares, indexed.columns);
  expect(counts[0]!.length).toBe(4097);
  const share = (text: string): number =>
    shareOf(bindFilter(parseFilter(text), squares), {
      counts,
      items: values.length,
      index: indexed,
    });
  for (const item of [0, 1, 777, 25_000, 49_999]) {
    expect(share(`square < ${item ** 2}`)).toBeCloseTo(item / values.length, 4);
  }
});
