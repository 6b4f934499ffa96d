import { HarnessError } from "../../errors.ts";
import { didYouMean } from "../../nearest-word.ts";
import type { ComparisonOp } from "../filter/grammar.ts";
import { isName, NAME_RULE, type Token } from "../filter/scanner.ts";
import { FUNCTIONS, isFunctionName } from "./functions.ts";
import type { BinaryOp, Condition, Formula, Quantity } from "./grammar.ts";
import { FormulaScanner, type FormulaToken } from "./scanner.ts";

/** Longest formula that is read, in UTF-16 units. */
export const MAX_FORMULA_LENGTH = 4000;

/** Deepest nesting of brackets, signs and powers: keeps hostile text from exhausting the stack. */
export const MAX_FORMULA_DEPTH = 100;

/**
 * Reads the text of a Value Model.
 *
 * @throws HarnessError BAD_INPUT naming the character (from 1), what was expected and what came.
 */
export function parseFormula(text: string): Formula {
  if (text.length > MAX_FORMULA_LENGTH) {
    throw new HarnessError(
      "BAD_INPUT",
      `a formula has at most ${MAX_FORMULA_LENGTH} characters, this one has ${text.length}`,
      { where: "formula" },
    );
  }
  return new Parser(text).formula();
}

type Part = Quantity | Condition;

/** Recursive descent, one method a level of precedence. */
class Parser {
  readonly #scanner: FormulaScanner;
  #depth = 0;

  constructor(text: string) {
    this.#scanner = new FormulaScanner(text);
  }

  formula(): Formula {
    const formula = this.#quantity(() => this.#either());
    const end = this.#scanner.peek();
    if (end.kind !== "end") throw wrong("an operator or the end", end);
    return formula;
  }

  #either(): Part {
    return this.#chain("or", () => this.#both());
  }

  #both(): Part {
    return this.#chain("and", () => this.#negation());
  }

  #chain(kind: "and" | "or", next: () => Part): Part {
    const start = this.#scanner.peek();
    const first = next();
    if (!this.#isKeyword(kind)) return first;
    const parts = [asCondition(first, start)];
    while (this.#takeKeyword(kind)) parts.push(this.#condition(next));
    return { kind, parts };
  }

  #negation(): Part {
    if (!this.#takeKeyword("not")) return this.#comparison();
    return { kind: "not", part: this.#deeper(() => this.#condition(() => this.#negation())) };
  }

  #comparison(): Part {
    const start = this.#scanner.peek();
    const left = this.#sum();
    const op = this.#takeMark(COMPARISONS) as ComparisonOp | null;
    if (op === null) return left;
    const right = this.#quantity(() => this.#sum());
    const after = this.#scanner.peek();
    if (after.kind === "mark" && COMPARISONS.includes(after.text)) {
      throw wrong("AND, OR or the end of this comparison", after, "write a < b AND b < c");
    }
    return { kind: "compare", op, left: asQuantity(left, start), right };
  }

  #sum(): Part {
    return this.#operations(["+", "-"], () => this.#product());
  }

  #product(): Part {
    return this.#operations(["*", "/"], () => this.#signed());
  }

  #operations(ops: readonly string[], next: () => Part): Part {
    const start = this.#scanner.peek();
    let left = next();
    for (;;) {
      const op = this.#takeMark(ops) as BinaryOp | null;
      if (op === null) return left;
      left = { kind: "binary", op, left: asQuantity(left, start), right: this.#quantity(next) };
    }
  }

  #signed(): Part {
    if (this.#takeMark(["-"]) === null) return this.#power();
    return { kind: "negative", part: this.#deeper(() => this.#quantity(() => this.#signed())) };
  }

  #power(): Part {
    const start = this.#scanner.peek();
    const base = this.#primary();
    if (this.#takeMark(["^"]) === null) return base;
    const right = this.#deeper(() => this.#quantity(() => this.#signed()));
    return { kind: "binary", op: "^", left: asQuantity(base, start), right };
  }

  #primary(): Part {
    const token = this.#scanner.next();
    if (token.kind === "number") return { kind: "number", value: finite(token) };
    if (token.kind === "mark" && token.text === "(") {
      const inner = this.#deeper(() => this.#either());
      this.#expectMark(")", 'an operator or ")"');
      return inner;
    }
    if (token.kind !== "name" || !isName(token.text)) {
      throw wrong(
        'a number, a name, a function or "("',
        token,
        token.kind === "name" ? NAME_RULE : undefined,
      );
    }
    const { text: name, position } = token;
    if (this.#takeMark([":"]) !== null) {
      return { kind: "match", name, values: [this.#value(`"${name}:"`)], position };
    }
    if (this.#takeKeyword("in")) return { kind: "match", name, values: this.#list(name), position };
    if (this.#takeMark(["("]) !== null) return this.#deeper(() => this.#call(token));
    return { kind: "name", name, position };
  }

  /** What follows the opening bracket of a function. */
  #call(token: FormulaToken): Quantity {
    const name = token.text;
    switch (name) {
      case "if":
        return this.#conditional();
      case "default":
        return this.#default();
      default:
        if (!isFunctionName(name)) throw unknownFunction(token);
        return { kind: "call", name, args: this.#arguments(token, FUNCTIONS[name]) };
    }
  }

  #conditional(): Quantity {
    const condition = this.#condition(() => this.#either());
    this.#expectMark(",", 'an operator or "," after the condition of if(condition, yes, no)');
    const yes = this.#quantity(() => this.#either());
    this.#expectMark(",", 'an operator or "," before the last of if(condition, yes, no)');
    const no = this.#quantity(() => this.#either());
    this.#expectMark(")", 'an operator or ")"');
    return { kind: "if", condition, yes, no };
  }

  #default(): Quantity {
    const column = this.#scanner.next();
    if (column.kind !== "name" || !isName(column.text)) {
      throw wrong("the name of a numeric column, as in default(age_days, 0)", column);
    }
    this.#expectMark(",", `"," after "default(${column.text}"`);
    const otherwise = this.#quantity(() => this.#either());
    this.#expectMark(")", 'an operator or ")"');
    return { kind: "default", name: column.text, position: column.position, otherwise };
  }

  #arguments(
    token: FormulaToken,
    { least, most }: { readonly least: number; readonly most: number },
  ): Quantity[] {
    const args = [this.#quantity(() => this.#either())];
    while (this.#takeMark([","]) !== null) args.push(this.#quantity(() => this.#either()));
    this.#expectMark(")", 'an operator, "," or ")"');
    if (args.length >= least && args.length <= most) return args;
    const count = least === most ? String(least) : `at least ${least}`;
    const noun = least === 1 ? "argument" : "arguments";
    throw wrongAt(token.position, `${count} ${noun} of ${token.text}, got ${args.length}`);
  }

  #list(name: string): string[] {
    this.#expectMark("(", `"(" after "${name} IN"`);
    const values = [this.#value(`"${name} IN ("`)];
    while (this.#takeMark([","]) !== null) values.push(this.#value('","'));
    this.#expectMark(")", '"," or ")"');
    return values;
  }

  #value(after: string): string {
    const token = this.#scanner.nextInFilter();
    if (token.kind === "word" || token.kind === "quoted") return token.text;
    throw wrong(`a value after ${after}`, token);
  }

  #quantity(read: () => Part): Quantity {
    const start = this.#scanner.peek();
    return asQuantity(read(), start);
  }

  #condition(read: () => Part): Condition {
    const start = this.#scanner.peek();
    return asCondition(read(), start);
  }

  #deeper<T>(read: () => T): T {
    if (++this.#depth > MAX_FORMULA_DEPTH) {
      throw wrong(`nesting of at most ${MAX_FORMULA_DEPTH} levels`, this.#scanner.peek());
    }
    const part = read();
    this.#depth--;
    return part;
  }

  #expectMark(text: string, expected: string): void {
    const token = this.#scanner.next();
    if (token.kind !== "mark" || token.text !== text) throw wrong(expected, token);
  }

  /** Takes the mark at hand if it is one of these; else null. */
  #takeMark(texts: readonly string[]): string | null {
    const token = this.#scanner.peek();
    if (token.kind !== "mark" || !texts.includes(token.text)) return null;
    return this.#scanner.next().text;
  }

  #isKeyword(keyword: "and" | "or" | "not" | "in"): boolean {
    const token = this.#scanner.peek();
    return token.kind === "name" && token.text.toLowerCase() === keyword;
  }

  #takeKeyword(keyword: "and" | "or" | "not" | "in"): boolean {
    const isAtHand = this.#isKeyword(keyword);
    if (isAtHand) this.#scanner.next();
    return isAtHand;
  }
}

const COMPARISONS = ["<", "<=", ">", ">=", "=", "!="];

function asQuantity(part: Part, start: FormulaToken): Quantity {
  if (!isCondition(part)) return part;
  throw wrongAt(
    start.position,
    "a number, got a condition",
    "if(condition, 1, 0) makes a number of it",
  );
}

function asCondition(part: Part, start: FormulaToken): Condition {
  if (isCondition(part)) return part;
  throw wrongAt(start.position, "a condition like score > 0 or lang:en, got a number");
}

function isCondition(part: Part): part is Condition {
  return CONDITIONS.has(part.kind);
}

const CONDITIONS: ReadonlySet<Part["kind"]> = new Set<Condition["kind"]>([
  "and",
  "or",
  "not",
  "match",
  "compare",
]);

function finite(token: FormulaToken): number {
  const value = Number(token.text);
  if (Number.isFinite(Math.fround(value))) return value;
  throw wrong("a number of at most 3.4e38", token);
}

function unknownFunction(token: FormulaToken): HarnessError {
  const names = [...Object.keys(FUNCTIONS), "if", "default"];
  const near = didYouMean(token.text, names);
  return wrongAt(
    token.position,
    `a function, got "${token.text}"${near === "" ? `; the functions are ${names.join(", ")}` : near}`,
  );
}

function wrong(expected: string, got: FormulaToken | Token, hint?: string): HarnessError {
  const what = got.kind === "end" ? "the end of the text" : `"${got.text.slice(0, 40)}"`;
  return wrongAt(got.position, `${expected}, got ${what}`, hint);
}

function wrongAt(position: number, expected: string, hint?: string): HarnessError {
  return new HarnessError("BAD_INPUT", `formula, character ${position}: expected ${expected}`, {
    where: "formula",
    ...(hint === undefined ? {} : { hint }),
  });
}
