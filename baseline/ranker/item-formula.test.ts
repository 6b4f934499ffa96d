import { expect, it } from "vitest";
import type { Column } from "../../src/retrieval/catalogue.ts";
import { bindFormula } from "../../src/retrieval/formula/bind.ts";
import { evaluateFormula } from "../../src/retrieval/formula/evaluate.ts";
import { parseFormula } from "../../src/retrieval/formula/parse.ts";
import { columnsOf, overQuantities, quantitiesOf } from "./item-formula.ts";

const columns: Column[] = [
  { kind: "numeric", name: "unused", values: Float32Array.of(9, 9, 9) },
  {
    kind: "categorical",
    name: "lang",
    vocabulary: ["en", "de"],
    offsets: Uint32Array.of(0, 1, 3, 3),
    values: Uint32Array.of(0, 0, 1),
  },
  { kind: "numeric", name: "age", values: Float32Array.of(1, NaN, 30) },
];
const bind = (text: string) => bindFormula(parseFormula(text), { tasks: ["click"], columns });

it.each([
  "score * click",
  "default(age, 7) + if(lang:de, 10, 0)",
  "if(NOT lang IN (en, de) AND age > 3, -click, score ^ 2)",
  "if(lang:fr OR age != 2, max(score, default(age, click)), 1)",
])("%s says of quantities what it says of the columns", (text) => {
  const formula = bind(text);
  const over = overQuantities(formula);
  const values = quantitiesOf(
    over.quantities,
    columnsOf(over.quantities).map((column) => columns[column]!),
    3,
  );
  const catalogue = {
    columns: values.map((own): Column => ({ kind: "numeric", name: "", values: own })),
  };
  for (let row = 0; row < 3; row++) {
    const input = { row, score: row - 0.5, logits: [row * 2] };
    expect(evaluateFormula(over.formula, { ...input, catalogue })).toBe(
      evaluateFormula(formula, { ...input, catalogue: { columns } }),
    );
  }
});

it("reads a column once, however often the formula names it", () => {
  const { quantities } = overQuantities(
    bind("default(age, 1) + default(age, 2) + if(lang:en AND lang:en, 1, 0)"),
  );
  expect(quantities).toHaveLength(2);
  expect(columnsOf(quantities)).toEqual([2, 1]);
});
