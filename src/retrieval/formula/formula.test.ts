import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HarnessError } from "../../errors.ts";
import { catalogueOf, categorical } from "../catalogue-fixture.ts";
import { isName } from "../filter/scanner.ts";
import { bindFormula } from "./bind.ts";
import { evaluateFormula, rankingValue } from "./evaluate.ts";
import type { Condition, Formula, Quantity } from "./grammar.ts";
import { MAX_FORMULA_DEPTH, MAX_FORMULA_LENGTH, parseFormula } from "./parse.ts";
import { printFormula } from "./print.ts";

const catalogue = catalogueOf(
  [[1], [1]],
  [
    categorical("lang", ["en", "de"], [[0], [1]]),
    categorical("country", ["us", "gb", "in"], [[0, 1], []]),
    { kind: "numeric", name: "age_days", values: Float32Array.of(3, NaN) },
    { kind: "numeric", name: "price", values: Float32Array.of(0.1, 2) },
  ],
);
const tasks = ["click", "watch"];
const names = { tasks, columns: catalogue.columns };

/** What a formula says of the first item (lang:en, age 3) or the second (lang:de, no age). */
function valueOf(text: string, row = 0, score = 2, logits = [0.5, -1]): number {
  const bound = bindFormula(parseFormula(text), names);
  return evaluateFormula(bound, { catalogue, row, score, logits });
}

function problemOf(read: () => unknown): HarnessError {
  try {
    read();
  } catch (error) {
    if (error instanceof HarnessError && error.code === "BAD_INPUT") return error;
    throw error;
  }
  throw new Error("it was accepted");
}

const problem = (text: string): HarnessError =>
  problemOf(() => bindFormula(parseFormula(text), names));

/** The tree without its positions. */
const bare = (formula: Formula): unknown =>
  JSON.parse(JSON.stringify(formula, (key, value: unknown) => (key === "position" ? 0 : value)));

const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_.]{0,5}$/).filter(isName);
const at = fc.constant(0);
const number = fc
  .double({ noNaN: true, min: 0, max: 3e38 })
  .filter((value) => Number.isFinite(Math.fround(value)));
const { quantity } = fc.letrec<{ quantity: Quantity; condition: Condition }>((tie) => ({
  quantity: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.record({ kind: fc.constant("number"), value: number }),
    fc.record({ kind: fc.constant("name"), name, position: at }),
    fc.record({ kind: fc.constant("negative"), part: tie("quantity") }),
    fc.record({
      kind: fc.constant("binary"),
      op: fc.constantFrom("+", "-", "*", "/", "^"),
      left: tie("quantity"),
      right: tie("quantity"),
    }),
    fc.record({
      kind: fc.constant("call"),
      name: fc.constantFrom("min", "max"),
      args: fc.array(tie("quantity"), { minLength: 2, maxLength: 3 }),
    }),
    fc.record({
      kind: fc.constant("call"),
      name: fc.constantFrom("abs", "exp", "log", "sqrt", "sigmoid"),
      args: fc.tuple(tie("quantity")),
    }),
    fc.record({
      kind: fc.constant("call"),
      name: fc.constant("clamp"),
      args: fc.tuple(tie("quantity"), tie("quantity"), tie("quantity")),
    }),
    fc.record({ kind: fc.constant("default"), name, position: at, otherwise: tie("quantity") }),
    fc.record({
      kind: fc.constant("if"),
      condition: tie("condition"),
      yes: tie("quantity"),
      no: tie("quantity"),
    }),
  ),
  condition: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.record({
      kind: fc.constant("match"),
      name,
      values: fc.array(fc.string({ unit: "binary", maxLength: 5 }), { minLength: 1, maxLength: 3 }),
      position: at,
    }),
    fc.record({
      kind: fc.constant("compare"),
      op: fc.constantFrom("<", "<=", ">", ">=", "=", "!="),
      left: tie("quantity"),
      right: tie("quantity"),
    }),
    fc.record({ kind: fc.constant("not"), part: tie("condition") }),
    fc.record({
      kind: fc.constantFrom("and", "or"),
      parts: fc.array(tie("condition"), { minLength: 2, maxLength: 3 }),
    }),
  ),
}));

describe("parseFormula", () => {
  it("reads back every formula that printFormula writes", () => {
    fc.assert(
      fc.property(quantity, (tree) => {
        expect(bare(parseFormula(printFormula(tree)))).toEqual(tree);
      }),
      { numRuns: 500 },
    );
  });

  it("answers any text with a formula or a BAD_INPUT error, never with another one", () => {
    const piece = fc.constantFrom(
      ...'score click 1 2.5e3 ( ) , + - * / ^ < <= = != : ! " \\ # and OR Not in if( default( min( age_days lang:en é'.split(
        " ",
      ),
      " ",
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join("")),
        (text) => {
          let outcome = "read";
          try {
            bindFormula(parseFormula(text), names);
          } catch (error) {
            outcome = error instanceof HarnessError ? error.code : String(error);
          }
          expect(outcome).toMatch(/^(read|BAD_INPUT)$/);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it.each([
    ["1 + 2 * 3", 7],
    ["(1 + 2) * 3", 9],
    ["10 - 3 - 2", 5],
    ["12 / 3 * 2", 8],
    ["2 ^ 3 ^ 2", 512],
    ["-2 ^ 2", -4],
    ["(-2) ^ 2", 4],
    ["2 ^ -1", 0.5],
    ["- -3 * 2", 6],
    ["1.5e2 + .5", 150.5],
    ["score * click + watch", 0],
    ["if(lang:en, 1.5, 1)*score", 3],
    ['if(lang:"en" AND NOT country IN (in, "u s"), 1, 0)', 1],
    ["if(score > 1 OR 1 / 0 < 0, 1, 0)", 1],
    ["if(NOT score < 1, 1, 0)", 1],
    ["if((score + 1) * 2 = 6, 1, 0)", 1],
    ["min(3, 1, 2) + max(3, 1, 2)", 4],
    ["clamp(5, 0, 1) + clamp(-5, 0, 1) + clamp(0.25, 0, 1)", 1.25],
    ["abs(-2) + sqrt(16) + exp(0) + log(1)", 7],
    ["sigmoid(0)", 0.5],
  ])("computes %s as %d", (text, value) => {
    expect(valueOf(text)).toBe(value);
  });

  it.each([
    ["", 'character 1: expected a number, a name, a function or "(", got the end of the text'],
    ["score +", 'character 8: expected a number, a name, a function or "(", got the end'],
    ["score score", 'character 7: expected an operator or the end, got "score"'],
    ["(score", 'character 7: expected an operator or ")", got the end of the text'],
    ["score # 2", 'character 7: expected a number, a name or an operator, got "#"'],
    ["1e99 * score", 'character 1: expected a number of at most 3.4e38, got "1e99"'],
    ["lang:en", "character 1: expected a number, got a condition"],
    ["2 * (score > 1)", "character 5: expected a number, got a condition"],
    [
      "if(score, 1, 2)",
      "character 4: expected a condition like score > 0 or lang:en, got a number",
    ],
    ["if(score > 1 AND 2, 1, 2)", "character 18: expected a condition like"],
    [
      "if(1 < score < 3, 1, 2)",
      'character 14: expected AND, OR or the end of this comparison, got "<"',
    ],
    ["if(lang:en, 1)", 'character 14: expected an operator or "," before the last of if('],
    ["if(lang:, 1, 2)", 'character 9: expected a value after "lang:", got ","'],
    ["min(1)", "character 1: expected at least 2 arguments of min, got 1"],
    ["2 * exp(1, 2)", "character 5: expected 1 argument of exp, got 2"],
    ["sigmiod(1)", 'character 1: expected a function, got "sigmiod"; did you mean "sigmoid"?'],
    ["quux(1)", 'character 1: expected a function, got "quux"; the functions are min, max'],
    ["default(3, 1)", "character 9: expected the name of a numeric column"],
    ["score + not", 'character 9: expected a number, a name, a function or "(", got "not"'],
  ])("says of %s where it went wrong and what was expected", (text, message) => {
    expect(problemOf(() => parseFormula(text)).message).toMatch(`formula, ${message}`);
  });

  it("refuses text too long or too deep to be read safely", () => {
    for (const piece of ["(", "-", "2^", "abs(", "if(NOT "]) {
      const deep = `${piece.repeat(MAX_FORMULA_DEPTH + 1)}1`;
      expect(problemOf(() => parseFormula(deep)).message).toMatch("nesting of at most 100 levels");
    }
    const long = problemOf(() => parseFormula(" ".repeat(MAX_FORMULA_LENGTH + 1)));
    expect(long.message).toBe("a formula has at most 4000 characters, this one has 4001");
    const chain = Array.from({ length: 2000 }, () => "1").join("+");
    expect(valueOf(chain)).toBe(2000);
  });
});

describe("bindFormula", () => {
  it.each([
    [
      "2 * clik",
      'character 5: expected the score, a task or a numeric column, got "clik"; did you mean "click"?',
    ],
    [
      "xyz",
      'character 1: expected the score, a task or a numeric column, got "xyz"; there are score, click, watch, age_days, price',
    ],
    [
      "1 + age_days",
      "character 5: expected default(age_days, 0), because an item may have no age_days",
    ],
    ["if(age_days * 2 > 3, 1, 0)", "character 4: expected default(age_days, 0)"],
    ["lang + 1", 'character 1: expected a number, got "lang", a column of values'],
    [
      "default(click, 1)",
      'character 9: expected a numeric column, got "click"; there are age_days, price',
    ],
    ["if(lang = 3, 1, 0)", 'character 4: expected a number, got "lang"'],
    ["if(langu:en, 1, 0)", 'character 4: there is no column "langu"; did you mean "lang"?'],
    ["if(price:3, 1, 0)", "character 4: price is a number and cannot be matched"],
  ])("says of %s where it went wrong and what was expected", (text, message) => {
    expect(problem(text).message).toMatch(`formula, ${message}`);
  });

  it("refuses a name that is both a task and a column", () => {
    const ambiguous = { ...names, tasks: ["price"] };
    expect(problemOf(() => bindFormula(parseFormula("price"), ambiguous)).message).toMatch(
      'character 1: expected a name of one meaning, got "price"',
    );
  });

  it("gives plain data that survives JSON", () => {
    const bound = bindFormula(parseFormula("if(lang:en AND age_days < 2, click, 0.1)"), names);
    expect(JSON.parse(JSON.stringify(bound))).toEqual(bound);
  });

  it("rounds numbers to float32, as columns are", () => {
    expect(valueOf("if(price = 0.1, 1, 0)")).toBe(1);
    expect(valueOf("0.1")).toBe(Math.fround(0.1));
  });
});

describe("evaluateFormula", () => {
  it("takes the default where an item has no number, and a comparison with it for false", () => {
    expect(valueOf("default(age_days, 30)")).toBe(3);
    expect(valueOf("default(age_days, 30)", 1)).toBe(30);
    for (const op of ["<", "<=", ">", ">=", "=", "!="]) {
      expect(valueOf(`if(age_days ${op} 5, 1, 0)`, 1)).toBe(0);
      expect(valueOf(`if(NOT age_days ${op} 5, 1, 0)`, 1)).toBe(1);
    }
  });

  it("matches nothing with a value that no item has", () => {
    expect(valueOf("if(lang IN (fr, it), 1, 0)")).toBe(0);
  });

  it("computes in IEEE arithmetic, and what is not a number makes a comparison false", () => {
    expect(valueOf("1 / 0")).toBe(Infinity);
    expect(valueOf("log(0)")).toBe(-Infinity);
    expect(valueOf("max(0 / 0, 1)")).toBeNaN();
    expect(valueOf("clamp(sqrt(-1), 0, 1)")).toBeNaN();
    expect(valueOf("if(0 / 0 != 1, 1, 0)")).toBe(0);
    expect(valueOf("if(score > 1, 1, sqrt(-1))")).toBe(1);
  });

  it("obeys the laws of its operations", () => {
    const finite = fc.double({ min: -1e3, max: 1e3, noNaN: true });
    fc.assert(
      fc.property(finite, fc.tuple(finite, finite), (score, logits) => {
        const equal = (a: string, b: string): void => {
          const [left, right] = [valueOf(a, 0, score, logits), valueOf(b, 0, score, logits)];
          expect(
            left === right || Math.abs(left - right) <= 1e-9 * Math.max(1, Math.abs(left)),
          ).toBe(true);
        };
        equal("click + watch", "watch + click");
        equal("click - watch", "-(watch - click)");
        equal("max(click, watch)", "-min(-click, -watch)");
        equal("clamp(score, -1, 1)", "min(max(score, -1), 1)");
        equal("abs(score)", "if(score >= 0, score, -score)");
        equal("sigmoid(score)", "1 - sigmoid(-score)");
        equal("score ^ 2", "score * score");
        equal(
          "if(NOT (click < watch OR score > 0), 1, 0)",
          "if(click >= watch AND score <= 0, 1, 0)",
        );
      }),
      { numRuns: 200 },
    );
  });
});

describe("rankingValue", () => {
  it("keeps values in the finite float32 range, and what is not a number at its lower end", () => {
    const least = -3.4028234663852886e38;
    expect(rankingValue(1.5)).toBe(1.5);
    expect(rankingValue(NaN)).toBe(least);
    expect(rankingValue(-Infinity)).toBe(least);
    expect(rankingValue(1e300)).toBe(-least);
    expect(Math.fround(least)).toBe(least);
  });
});
