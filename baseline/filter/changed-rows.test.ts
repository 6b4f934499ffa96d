import * as fc from "fast-check";
import { expect, it } from "vitest";
import { parseFilter } from "../../src/retrieval/filter/grammar.ts";
import type { ItemChange } from "../live/changes.ts";
import { ChangedRows } from "./changed-rows.ts";
import { RowBitmap } from "./row-bitmap.ts";

const columns = [
  { kind: "categorical", name: "lang" },
  { kind: "categorical", name: "topic" },
  { kind: "numeric", name: "price" },
] as const;

const FILTERS = [
  "",
  "lang:en",
  "NOT lang:en",
  "lang:en AND price <= 3",
  "topic IN (music, sport) OR price > 5",
  "NOT (topic:music OR price = 2)",
  "price != 4",
  "lang:tlh",
];

const item = fc.option(
  fc.record({
    lang: fc.constantFrom("en", "de", "tlh"),
    topics: fc.uniqueArray(fc.constantFrom("music", "sport", "news")),
    price: fc.option(fc.integer({ min: 0, max: 8 })),
  }),
);
const step = fc.array(fc.tuple(fc.nat(80_000), item), { minLength: 1, maxLength: 12 });

it("passes the same rows whether they are looked at one by one or have posting lists", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), fc.constantFrom(...FILTERS), (steps, text) => {
      const folding = new ChangedRows(columns, 5);
      const never = new ChangedRows(columns, Infinity);
      const found = RowBitmap.of(Uint32Array.from({ length: 90 }, (_, row) => row * 1_000));
      for (const [since, changed] of steps.entries()) {
        const items = [...new Map(changed)].map(([row, made]): ItemChange => {
          if (made === null) return { row, item: null };
          const { lang, topics, price } = made;
          const attributes = new Map<string, readonly string[] | number>([
            ["lang", [lang]],
            ["topic", topics],
          ]);
          if (price !== null) attributes.set("price", price);
          return { row, item: { ...NOTHING, attributes } };
        });
        const changes = { since, version: since + 1, items };
        for (const rows of [folding, never]) expect(rows.apply(changes)).toBe(since + 1);
        const filter = parseFilter(text);
        expect(folding.correct(filter, found).serialize()).toEqual(
          never.correct(filter, found).serialize(),
        );
      }
    }),
    { numRuns: 150 },
  );
});

const NOTHING = { embedding: new Float32Array(0), dense: new Float32Array(0) };
