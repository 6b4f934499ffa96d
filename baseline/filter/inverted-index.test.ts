import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Random } from "../../src/math/random.ts";
import { categorical, catalogueOf } from "../../src/retrieval/catalogue-fixture.ts";
import { bindFilter } from "../../src/retrieval/filter/bind.ts";
import { eligibleRows } from "../../src/retrieval/filter/evaluate.ts";
import { type Condition, parseFilter } from "../../src/retrieval/filter/grammar.ts";
import { RowSet } from "../row-set.ts";
import type { EligibleRows } from "../services.ts";
import { InvertedIndex } from "./inverted-index.ts";
import { readPostings, writePostings } from "./postings-file.ts";

const items = 70_000; // more than one roaring container
const random = new Random(11);
const each = <T>(make: (row: number) => T): T[] =>
  Array.from({ length: items }, (_, row) => make(row));

const catalogue = catalogueOf(
  each(() => [0]),
  [
    categorical(
      "lang",
      ["en", "de", "fr"],
      each(() => (random.float() < 0.1 ? [] : [random.int(3)])),
    ),
    categorical(
      "tag",
      ["a", "b", "c", "d", "none"],
      each((row) => [0, 1, 2, 3].filter((t) => (row >> t) & 1)),
    ),
    {
      kind: "numeric",
      name: "age",
      values: Float32Array.from(each(() => -Math.log(1 - random.float()) * 30)),
    },
    {
      kind: "numeric",
      name: "stars",
      values: Float32Array.from(each(() => (random.float() < 0.2 ? NaN : random.int(6)))),
    },
  ],
);

let folder: string;
let index: InvertedIndex;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "silverbench-postings-"));
  await writePostings(folder, catalogue, () => {});
  index = new InvertedIndex(items, await readPostings(folder, catalogue.columns, items));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

function rowsOf({ bitmap, count }: EligibleRows): Uint32Array {
  if (bitmap === null) return Uint32Array.from({ length: count }, (_, row) => row);
  const rows = new Uint32Array(count);
  expect(new RowSet(bitmap).cardinality).toBe(count);
  new RowSet(bitmap).writeRows(rows);
  return rows;
}

/** As bytes: comparing 70,000 numbers one by one is slow. */
const bytesOf = (rows: Uint32Array): Buffer =>
  Buffer.from(rows.buffer, rows.byteOffset, rows.byteLength);

const value = fc.oneof(
  fc.float({ min: -5, max: 300, noNaN: true }),
  fc.constantFrom(0, 3, 5, 6, -1, Infinity, -Infinity),
  // Values that items have.
  fc
    .integer({ min: 0, max: items - 1 })
    .map((row) => (catalogue.columns[2] as { values: Float32Array }).values[row]!),
);

const condition: fc.Memo<Condition> = fc.memo((depth) =>
  depth <= 1
    ? fc.oneof(
        fc.record({
          kind: fc.constant("match" as const),
          name: fc.constant("lang"),
          values: fc.array(fc.constantFrom("en", "de", "fr", "xx"), { minLength: 1, maxLength: 3 }),
        }),
        fc.record({
          kind: fc.constant("match" as const),
          name: fc.constant("tag"),
          values: fc.array(fc.constantFrom("a", "b", "c", "d", "none"), {
            minLength: 1,
            maxLength: 3,
          }),
        }),
        fc.record({
          kind: fc.constant("compare" as const),
          name: fc.constantFrom("age", "stars"),
          op: fc.constantFrom(
            "<" as const,
            "<=" as const,
            ">" as const,
            ">=" as const,
            "=" as const,
            "!=" as const,
          ),
          value,
        }),
      )
    : fc.oneof(
        condition(1),
        condition(depth - 1).map((part) => ({ kind: "not" as const, part })),
        fc.record({
          kind: fc.constantFrom("and" as const, "or" as const),
          parts: fc.array(condition(depth - 1), { minLength: 2, maxLength: 4 }),
        }),
      ),
);

describe("the inverted index", () => {
  it("agrees with the filter evaluated item by item", () => {
    fc.assert(
      fc.property(condition(3), (filter) => {
        const bound = bindFilter(filter, catalogue.columns);
        const found = bytesOf(rowsOf(index.evaluate(bound)));
        expect(found.equals(bytesOf(eligibleRows(bound, catalogue)))).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  it("sends no bitmap where every item passes", () => {
    for (const text of ["", "age >= 0", "NOT lang:xx", "lang:en OR NOT lang:en"]) {
      const bound = bindFilter(parseFilter(text), catalogue.columns);
      expect(index.evaluate(bound)).toEqual({ bitmap: null, count: items });
    }
  });

  it("gives an empty set where none does", () => {
    for (const text of ["lang:xx", "age < 0", "stars = 9", "lang:en AND NOT lang:en"]) {
      const bound = bindFilter(parseFilter(text), catalogue.columns);
      expect(rowsOf(index.evaluate(bound))).toHaveLength(0);
    }
  });

  it("keeps its own bitmaps whole, however often it is asked", () => {
    const bound = bindFilter(
      parseFilter("age <= 20.5 AND lang:en AND NOT tag:a"),
      catalogue.columns,
    );
    const first = bytesOf(rowsOf(index.evaluate(bound)));
    for (let i = 0; i < 20; i++) {
      expect(bytesOf(rowsOf(index.evaluate(bound))).equals(first)).toBe(true);
    }
  });
});
