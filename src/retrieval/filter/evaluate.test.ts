import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { categorical } from "../catalogue-fixture.ts";
import type { Catalogue, Column } from "../catalogue.ts";
import { bindFilter } from "./bind.ts";
import { eligibleRows, FilterScan, matches } from "./evaluate.ts";
import { parseFilter } from "./grammar.ts";

type Rows = Pick<Catalogue, "count" | "columns">;

/**
 * row   0     1        2   3
 * lang  en    de       -   en
 * tag   a     a b      b   -
 * age   5     absent   7   0.1
 */
const small: Rows = {
  count: 4,
  columns: [
    categorical("lang", ["en", "de"], [[0], [1], [], [0]]),
    categorical("tag", ["a", "b"], [[0], [0, 1], [1], []]),
    { kind: "numeric", name: "age", values: Float32Array.of(5, NaN, 7, 0.1) },
  ],
};

const rowsOf = (text: string, catalogue: Rows = small): number[] => [
  ...eligibleRows(bindFilter(parseFilter(text), catalogue.columns), catalogue),
];

describe("a filter over items", () => {
  it.each([
    ["", [0, 1, 2, 3]],
    ["lang:en", [0, 3]],
    ["NOT lang:en", [1, 2]],
    ["tag:a", [0, 1]],
    ["tag:b AND tag:a", [1]],
    ["tag IN (a, b)", [0, 1, 2]],
    ["NOT tag IN (a, b)", [3]],
    ["lang:fr", []],
    ["NOT lang:fr", [0, 1, 2, 3]],
    ["lang IN (fr, de)", [1]],
    ["age <= 5", [0, 3]],
    ["age > 5", [2]],
    ["age >= 5", [0, 2]],
    ["age < 5", [3]],
    ["age = 5", [0]],
    ["age != 5", [2, 3]],
    ["age = 0.1", [3]],
    ["lang:en AND tag:a OR age = 7", [0, 2]],
    ["lang:en AND (tag:a OR age = 7)", [0]],
  ])("%s keeps the rows %j", (text, rows) => {
    expect(rowsOf(text)).toEqual(rows);
  });

  it("makes every comparison with an absent number false, and its NOT true", () => {
    for (const op of ["<", "<=", ">", ">=", "=", "!="]) {
      expect(rowsOf(`age ${op} 3`)).not.toContain(1);
      expect(rowsOf(`NOT age ${op} 3`)).toContain(1);
    }
  });

  it("compares with the float32 nearest to a literal, as the items are stored", () => {
    const catalogue: Rows = {
      count: 2,
      columns: [{ kind: "numeric", name: "price", values: Float32Array.of(0.3, 3.5e38) }],
    };
    expect(rowsOf("price <= 0.3", catalogue)).toEqual([0]);
    expect(rowsOf("price < 0.3", catalogue)).toEqual([]);
    expect(rowsOf("price = 0.30000000001", catalogue)).toEqual([0]);
    expect(rowsOf("price < 1e300", catalogue)).toEqual([0]);
  });
});

const vocabularies = { a: ["x", "y", "z"], b: ["p", "q"] };

/** A few items with zero to three values a feature and numbers that may be absent. */
const catalogue: fc.Arbitrary<Rows> = fc
  .array(
    fc.record({
      a: fc.subarray([0, 1, 2]),
      b: fc.subarray([0, 1]),
      n: fc.oneof(fc.constant(NaN), fc.integer({ min: -2, max: 2 })),
    }),
    { maxLength: 40 },
  )
  .map((items) => ({
    count: items.length,
    columns: [
      categorical(
        "a",
        vocabularies.a,
        items.map((item) => item.a),
      ),
      categorical(
        "b",
        vocabularies.b,
        items.map((item) => item.b),
      ),
      { kind: "numeric", name: "n", values: Float32Array.from(items, (item) => item.n) },
    ] satisfies Column[],
  }));

const { text } = fc.letrec<{ text: string; term: string }>((tie) => ({
  term: fc.oneof(
    fc.constantFrom("a:x", "a:y", "a:none", "b:p", "a IN (y, z)", "b IN (p, q, none)"),
    fc
      .constantFrom("<", "<=", ">", ">=", "=", "!=")
      .chain((op) => fc.integer({ min: -2, max: 2 }).map((n) => `n ${op} ${n}`)),
  ),
  text: fc.oneof(
    { maxDepth: 4 },
    tie("term"),
    tie("text").map((part) => `NOT (${part})`),
    fc
      .tuple(tie("text"), fc.constantFrom("AND", "OR"), tie("text"))
      .map(([left, operator, right]) => `(${left}) ${operator} (${right})`),
  ),
}));

describe("laws of filters", () => {
  it("De Morgan: NOT (p AND q) is NOT p OR NOT q, NOT (p OR q) is NOT p AND NOT q", () => {
    fc.assert(
      fc.property(catalogue, text, text, (items, p, q) => {
        expect(rowsOf(`NOT ((${p}) AND (${q}))`, items)).toEqual(
          rowsOf(`NOT (${p}) OR NOT (${q})`, items),
        );
        expect(rowsOf(`NOT ((${p}) OR (${q}))`, items)).toEqual(
          rowsOf(`NOT (${p}) AND NOT (${q})`, items),
        );
      }),
    );
  });

  it("an item passes exactly one of p and NOT p", () => {
    fc.assert(
      fc.property(catalogue, text, (items, p) => {
        const both = [...rowsOf(p, items), ...rowsOf(`NOT (${p})`, items)];
        expect(both.toSorted((x, y) => x - y)).toEqual([...Array(items.count).keys()]);
      }),
    );
  });

  it("IN is the OR of its values", () => {
    fc.assert(
      fc.property(
        catalogue,
        fc.subarray(["x", "y", "z", "none"], { minLength: 1 }),
        (items, values) => {
          const either = values.map((value) => `a:${value}`).join(" OR ");
          expect(rowsOf(`a IN (${values.join(", ")})`, items)).toEqual(rowsOf(either, items));
        },
      ),
    );
  });

  it("a scan over any ranges finds what asking row by row finds", () => {
    fc.assert(
      fc.property(catalogue, text, fc.integer({ min: 1, max: 9 }), (items, filter, step) => {
        const bound = bindFilter(parseFilter(filter), items.columns);
        const scan = new FilterScan(bound, items);
        const found: number[] = [];
        const out = new Uint32Array(step);
        for (let from = 0; from < items.count; from += step) {
          const count = scan.rows(from, Math.min(from + step, items.count), out);
          found.push(...out.subarray(0, count));
        }
        const expected = [...Array(items.count).keys()].filter((row) => matches(bound, items, row));
        expect(found).toEqual(expected);
        expect([...eligibleRows(bound, items)]).toEqual(expected);
      }),
    );
  });

  it("a bound filter survives JSON", () => {
    fc.assert(
      fc.property(text, (filter) => {
        const bound = bindFilter(parseFilter(filter), lawColumns);
        expect(JSON.parse(JSON.stringify(bound))).toEqual(bound);
      }),
    );
  });
});

const lawColumns: readonly Column[] = [
  categorical("a", vocabularies.a, []),
  categorical("b", vocabularies.b, []),
  { kind: "numeric", name: "n", values: new Float32Array(0) },
];

const bind = (filter: string): unknown => bindFilter(parseFilter(filter), small.columns);

describe("bindFilter", () => {
  it("turns names into positions and values into codes, each once", () => {
    expect(bind("tag IN (b, a, b, nowhere) AND NOT age < 0.1")).toEqual({
      kind: "and",
      parts: [
        { kind: "in", column: 1, codes: [0, 1] },
        { kind: "not", part: { kind: "compare", column: 2, op: "<", value: Math.fround(0.1) } },
      ],
    });
  });

  it("gives filters that differ in nesting alone the same tree", () => {
    expect(bind("lang:en AND (tag:a AND (age < 1 AND tag:b))")).toEqual(
      bind("((lang:en AND tag:a) AND age < 1) AND tag:b"),
    );
  });

  it.each([
    [
      "topic:music",
      'filter: there is no column "topic"; there are lang, tag, age (a number)',
      undefined,
    ],
    [
      "age:3",
      'filter: age is a number and cannot be matched with ":"',
      "compare it, as in age = 3",
    ],
    [
      "age IN (3, 4)",
      "filter: age is a number and cannot be matched with IN",
      "compare it, as in age = 3 OR age = 4",
    ],
    [
      "lang != 3",
      "filter: lang has values, not numbers, and cannot be compared (lang != 3)",
      "match it, as in NOT lang:3",
    ],
  ])("refuses %s and says what to write", (filter, message, hint) => {
    expect(() => bind(filter)).toThrow(
      expect.objectContaining({ code: "BAD_INPUT", message, hint, where: "filter" }),
    );
  });

  it("counts the columns of a wide catalogue instead of listing them all", () => {
    const wide = Array.from({ length: 23 }, (_, i): Column => categorical(`c${i}`, [], []));
    expect(() => bindFilter(parseFilter("x:1"), wide)).toThrow("c18, c19 and 3 more");
    expect(() => bindFilter(parseFilter("x:1"), [])).toThrow('no column "x"; there are none');
  });
});
