import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ColumnBuilder, Vocabulary } from "./column-builder.ts";

test("each row gets its codes sorted, each once", () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.nat({ max: 20 }), { maxLength: 6 }), { maxLength: 30 }),
      (rows) => {
        const builder = new ColumnBuilder("topic", rows.length);
        for (const codes of rows) builder.add(...codes);
        const { offsets, values } = builder.finish([]);
        const built = rows.map((_, row) => [...values.subarray(offsets[row], offsets[row + 1])]);
        expect(built).toEqual(rows.map((codes) => [...new Set(codes)].toSorted((a, b) => a - b)));
        expect(values.length).toBe(offsets.at(-1));
      },
    ),
  );
});

test("a vocabulary gives each text one code, in order of first use", () => {
  const vocabulary = new Vocabulary();
  expect(["b", "a", "b", "__proto__"].map((text) => vocabulary.code(text))).toEqual([0, 1, 0, 2]);
  expect(vocabulary.texts).toEqual(["b", "a", "__proto__"]);
});
