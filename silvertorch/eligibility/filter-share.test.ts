import { expect, test } from "vitest";
import { bindFilter } from "../../src/retrieval/filter/bind.ts";
import { parseFilter } from "../../src/retrieval/filter/grammar.ts";
import type { Column } from "../../src/retrieval/catalogue.ts";
import { indexAttributes } from "./attribute-index.ts";
import { shareOf, type ValueShares } from "./filter-share.ts";

const columns: readonly Column[] = [
  {
    kind: "categorical",
    name: "lang",
    vocabulary: ["en", "de"],
    offsets: Uint32Array.of(0, 1, 2, 3, 4),
    values: Uint32Array.of(0, 0, 0, 1),
  },
  { kind: "numeric", name: "age", values: Float32Array.of(1, 2, 3, 4) },
];
const known: ValueShares = {
  counts: [Uint32Array.of(3, 1), new Uint32Array(0)],
  items: 4,
  index: indexAttributes(columns, null),
};

test.each([
  ["", 1],
  ["lang:en", 0.75],
  ["lang:fr", 0],
  ["NOT lang:en", 0.25],
  ["lang IN (en, de)", 1],
  ["age <= 1", 0.25],
  ["age > 3", 0.25],
  ["age = 2", 0.25],
  ["lang:en AND age <= 2", 0.375],
  ["lang:en OR age <= 2", 0.875],
])("%s lets about so much through: %d", (text, share) => {
  expect(shareOf(bindFilter(parseFilter(text), columns), known)).toBeCloseTo(share);
});
