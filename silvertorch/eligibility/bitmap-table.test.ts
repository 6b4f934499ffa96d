import { expect, test } from "vitest";
import type { Column } from "../../src/retrieval/catalogue.ts";
import { categorical } from "../../src/retrieval/catalogue-fixture.ts";
import { indexAttributes } from "./attribute-index.ts";
import { bitmapLayout } from "./bitmap-layout.ts";
import { bitmapTable } from "./bitmap-table.ts";
import { signatureBits } from "./signature.ts";

const ITEMS = 400;
const layout = bitmapLayout(ITEMS);
const items = [...Array(ITEMS).keys()];

/** The items of each row of a table. */
function itemsOf(columns: readonly Column[], bits: number | null): number[][] {
  const index = indexAttributes(columns, bits === null ? null : { bits, hashes: 2 });
  return Array.from(bitmapTable(index, columns, layout), (bytes) =>
    items.filter((item) => {
      const bit = layout.bits[item]!;
      return (bytes[bit >> 3]! >> (bit & 7)) & 1;
    }),
  );
}

// More rows than are filled at a time.
test("a row of a numeric column holds the items with its rank or a smaller one", () => {
  // Item i has the i-th of the numbers from the largest down; every tenth has none.
  const values = Float32Array.from(items, (item) => (item % 10 === 0 ? NaN : -item));
  const [all, ...rows] = itemsOf([{ kind: "numeric", name: "n", values }], null);
  expect(all).toEqual(items);
  const present = items.filter((item) => item % 10 !== 0);
  expect(rows.length).toBe(present.length);
  for (const [rank, held] of rows.entries()) expect(held).toEqual(present.slice(-rank - 1));
});

test("a row of a categorical column holds the items with its value", () => {
  const vocabulary = items.slice(0, 300).map(String);
  const held = items.map((item) => [item % 300, (item * 7) % 300].toSorted((a, b) => a - b));
  const [, ...rows] = itemsOf([categorical("c", vocabulary, held)], null);
  expect(rows.length).toBe(300);
  for (const [code, row] of rows.entries()) {
    expect(row).toEqual(items.filter((item) => held[item]!.includes(code)));
  }
});

test("a row of signatures holds the items with a value that sets its bit", () => {
  const held = items.map((item) => [item % 50]);
  const [, ...rows] = itemsOf([categorical("c", items.slice(0, 50).map(String), held)], 200);
  expect(rows.length).toBe(200);
  for (const [bit, row] of rows.entries()) {
    const sets = (item: number): boolean =>
      signatureBits({ bits: 200, hashes: 2 }, 0, item % 50).includes(bit);
    expect(row).toEqual(items.filter(sets));
  }
});
