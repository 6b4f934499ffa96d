import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HarnessError } from "../../errors.ts";
import { MAX_FILTER_DEPTH, MAX_FILTER_LENGTH, parseFilter, type Condition } from "./grammar.ts";
import { printFilter } from "./print.ts";
import { isName } from "./scanner.ts";

const match = (name: string, ...values: string[]): Condition => ({ kind: "match", name, values });

function problem(text: string): HarnessError {
  try {
    parseFilter(text);
  } catch (error) {
    if (error instanceof HarnessError && error.code === "BAD_INPUT") return error;
    throw error;
  }
  throw new Error(`${text} was accepted`);
}

function outcome(text: string): string {
  try {
    parseFilter(text);
    return "read";
  } catch (error) {
    return error instanceof HarnessError ? error.code : String(error);
  }
}

const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_.]{0,6}$/).filter(isName);
const value = fc.oneof(
  fc.string({ unit: "binary", maxLength: 8 }),
  fc.constantFrom("or", "NOT", "in", "", '"', "\\", 'a\\"b', "us", "42", "-1.5", "größe", "a b"),
);
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0);
const { condition } = fc.letrec<{ condition: Condition }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.record({ kind: fc.constant("match"), name, values: fc.array(value, { minLength: 1 }) }),
    fc.record({
      kind: fc.constant("compare"),
      name,
      op: fc.constantFrom("<", "<=", ">", ">=", "=", "!="),
      value: number,
    }),
    fc.record({ kind: fc.constant("not"), part: tie("condition") }),
    fc.record({
      kind: fc.constantFrom("and", "or"),
      parts: fc.array(tie("condition"), { minLength: 2, maxLength: 4 }),
    }),
  ),
}));

describe("parseFilter", () => {
  it("reads back every filter that printFilter writes", () => {
    fc.assert(
      fc.property(condition, (tree) => {
        expect(parseFilter(printFilter(tree))).toEqual(tree);
      }),
      { numRuns: 500 },
    );
  });

  it("answers any text with a filter or a BAD_INPUT error, never with another one", () => {
    const piece = fc.constantFrom(
      ...'a b : ( ) , < <= = != ! " \\ and OR Not in é 1.5 a:b'.split(" "),
      " ",
    );
    fc.assert(
      fc.property(
        fc.array(piece).map((pieces) => pieces.join("")),
        (text) => {
          expect(outcome(text)).toMatch(/^(read|BAD_INPUT)$/);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("takes empty and blank text for every item", () => {
    expect(parseFilter("")).toEqual({ kind: "all" });
    expect(parseFilter(" \n\t ")).toEqual({ kind: "all" });
    expect(printFilter({ kind: "all" })).toBe("");
  });

  it("binds NOT tighter than AND, AND tighter than OR", () => {
    expect(parseFilter("a:1 OR NOT b:2 AND c:3")).toEqual({
      kind: "or",
      parts: [
        match("a", "1"),
        { kind: "and", parts: [{ kind: "not", part: match("b", "2") }, match("c", "3")] },
      ],
    });
    expect(parseFilter("NOT (a:1 OR b:2)")).toEqual({
      kind: "not",
      part: { kind: "or", parts: [match("a", "1"), match("b", "2")] },
    });
  });

  it("keeps a chain of one operator flat and its own parentheses nested", () => {
    expect(parseFilter("a:1 AND b:2 AND c:3")).toEqual({
      kind: "and",
      parts: [match("a", "1"), match("b", "2"), match("c", "3")],
    });
    expect(printFilter(parseFilter("a:1 and (b:2 and c:3)"))).toBe("a:1 AND (b:2 AND c:3)");
  });

  it("takes keywords in any case and prints them in capitals", () => {
    const text = "not a:1 aNd b in (x, y) Or c >= 3";
    expect(printFilter(parseFilter(text))).toBe("NOT a:1 AND b IN (x, y) OR c >= 3");
  });

  it("takes a keyword as a value where only a value can stand", () => {
    expect(parseFilter("country:in AND country IN (us, in, or)")).toEqual({
      kind: "and",
      parts: [match("country", "in"), match("country", "us", "in", "or")],
    });
  });

  it("takes an IN of one value for a plain match", () => {
    expect(parseFilter("a IN (1)")).toEqual(parseFilter("a:1"));
  });

  it("unquotes values and takes other scripts bare", () => {
    expect(parseFilter(String.raw`a:"rock \"n\" roll, (live)"`)).toEqual(
      match("a", 'rock "n" roll, (live)'),
    );
    expect(parseFilter("a:日本-x_1.0/é")).toEqual(match("a", "日本-x_1.0/é"));
  });

  it("needs no space around operators", () => {
    expect(parseFilter("age<=7 AND(x!=-1.5e3)")).toEqual({
      kind: "and",
      parts: [
        { kind: "compare", name: "age", op: "<=", value: 7 },
        { kind: "compare", name: "x", op: "!=", value: -1500 },
      ],
    });
  });

  it.each([
    ["lang:", 'filter, character 6: expected a value after "lang:", got the end of the text'],
    [
      "lang en",
      'filter, character 6: expected ":", IN or one of < <= > >= = != after "lang", got "en"',
    ],
    ["a:1 b:2", 'filter, character 5: expected AND, OR or the end, got "b"'],
    [
      "a:1 AND",
      'filter, character 8: expected a condition like lang:en, age_days <= 7, NOT ... or "(", got the end of the text',
    ],
    ["(a:1", "filter, character 5: expected AND, OR or ), got the end of the text"],
    ["a IN ()", 'filter, character 7: expected a value after "a IN (", got ")"'],
    ["a IN (x y)", 'filter, character 9: expected "," or ")", got "y"'],
    ["a IN x", 'filter, character 6: expected "(" after "a IN", got "x"'],
    ["age <= old", 'filter, character 8: expected a number after "age <=", got "old"'],
    ["age <= 1e999", 'filter, character 8: expected a number after "age <=", got "1e999"'],
    [
      'a:"open',
      'filter, character 3: expected a closing " for this quote, got the end of the text',
    ],
    [
      String.raw`a:"\n"`,
      String.raw`filter, character 4: expected " or \ after a backslash, got "n"`,
    ],
    ["a:1 ! b:2", 'filter, character 5: expected a name, a value or an operator, got "!"'],
  ])("says of %s where it went wrong and what was expected", (text, message) => {
    expect(problem(text).message).toBe(message);
  });

  it("tells someone who wrote = for a value how a value is matched", () => {
    expect(problem('lang = "en us"').hint).toBe('to match a value write lang:"en us"');
    expect(problem("lang != en").hint).toBe("to match a value write NOT lang:en");
  });

  it("refuses reserved words and other scripts as names", () => {
    expect(problem("größe:1").hint).toMatch("a column's name is letters");
    expect(problem("or:1").message).toMatch('got "or"');
  });

  it("refuses text too long or too deep to be read safely", () => {
    expect(problem("(".repeat(MAX_FILTER_LENGTH)).message).toMatch("nesting of at most");
    expect(problem(`${"NOT ".repeat(MAX_FILTER_DEPTH + 1)}a:1`).message).toMatch("nesting");
    expect(problem(" ".repeat(MAX_FILTER_LENGTH + 1)).message).toMatch("at most 200000 characters");
    expect(() => parseFilter(`${"(".repeat(99)}a:1${")".repeat(99)}`)).not.toThrow();
  });
});
