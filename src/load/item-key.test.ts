import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Column, NumericColumn } from "../retrieval/catalogue.ts";
import { parseFilter } from "../retrieval/filter/grammar.ts";
import { ItemKey } from "./item-key.ts";

const column = (name: string, values: readonly number[]): NumericColumn => ({
  kind: "numeric",
  name,
  values: Float32Array.from(values),
});
const keyOf = (...columns: readonly Column[]): ItemKey => new ItemKey({ columns });

test("items are told apart by the attribute with the most distinct numbers", () => {
  const stars = column("stars", [1, 2, 3, 3, 3]);
  const price = column("price", [1.5, 2.5, NaN, 4.5, 9]);
  expect(keyOf(stars, price).name).toBe("price");
  expect(keyOf(price, stars).name).toBe("price");
});

test("items without numbers cannot be told apart, which is said", () => {
  const lang = { kind: "categorical", name: "lang", vocabulary: ["en"] } as const;
  const none = { ...lang, offsets: Uint32Array.of(0, 1), values: Uint32Array.of(0) };
  expect(() => keyOf(none, column("price", [NaN]))).toThrow(/no numeric attribute/);
  expect(() => keyOf()).toThrow(/no numeric attribute/);
});

test("only what is a row's alone is its own", () => {
  const key = keyOf(column("price", [2, 1, 2, NaN, 5]));
  expect([0, 1, 2, 3, 4].map((row) => key.ownOf(row))).toEqual([null, 1, null, null, 5]);
});

test("a filter for a number reads as that number, in float32", () => {
  const key = keyOf(column("price", [1e-7, 3e21, -0.1]));
  for (let row = 0; row < 3; row++) {
    const number = key.besideRow(row);
    const filter = parseFilter(key.filterFor(number));
    expect(filter).toEqual({ kind: "compare", name: "price", op: "=", value: number });
    expect(Math.fround(number)).toBe(number);
  }
});

test("whatever the numbers are, none is given out that another item has or had", () => {
  const numbers = fc.array(
    fc.oneof(
      fc.float(),
      fc.constantFrom(0, -0, 1, 1, 2 ** -126, -(2 ** -126), 3.4028234663852886e38),
    ),
    { minLength: 1, maxLength: 20 },
  );
  fc.assert(
    fc.property(numbers, (values) => {
      fc.pre(values.some(Number.isFinite));
      const key = keyOf(column("n", values));
      const seen = new Set(values.map(Math.fround));
      for (let nth = 0; nth < 100; nth++) {
        const number = key.besideRow(nth % values.length);
        expect(Number.isFinite(number) && Math.fround(number) === number).toBe(true);
        expect(seen.has(number)).toBe(false);
        seen.add(number);
      }
    }),
    { numRuns: 200 },
  );
});

test("a number lies next to the one it stands beside", () => {
  const key = keyOf(column("age", [7, 30, 90]));
  expect(key.besideRow(1)).toBeCloseTo(30, 4);
  expect(key.besideRow(1)).toBeCloseTo(30, 4);
});
