import { HarnessError } from "../../errors.ts";
import { isName, NAME_RULE, printValue, scan, type Token } from "./scanner.ts";

/**
 * An eligibility filter as it was written, before it is bound to a catalogue.
 *
 *     lang:en AND (topic:music OR topic:pop) AND country IN (us, gb) AND NOT creator:42 AND age_days <= 7
 *
 * NOT binds tighter than AND, AND tighter than OR; parentheses group. Keywords are taken in any
 * case. A value is quoted ("...", with \" and \\) where it holds a space or one of ( ) : , " \ < > = !
 */
export type Filter = { readonly kind: "all" } | Condition;

export type Condition =
  | { readonly kind: "and" | "or"; readonly parts: readonly Condition[] }
  | { readonly kind: "not"; readonly part: Condition }
  | Match
  | Comparison;

/** `name:value` or `name IN (value, ...)`: true where the item has any of the values. */
export interface Match {
  readonly kind: "match";
  readonly name: string;
  readonly values: readonly string[];
}

/** `name <= 7`: false where the item has no such number. */
export interface Comparison {
  readonly kind: "compare";
  readonly name: string;
  readonly op: ComparisonOp;
  readonly value: number;
}

export type ComparisonOp = "<" | "<=" | ">" | ">=" | "=" | "!=";

/** Longest filter text that is read, in UTF-16 units: an IN over 10,000 ids fits. */
export const MAX_FILTER_LENGTH = 200_000;

/** Deepest nesting of parentheses and NOTs: keeps hostile text from exhausting the stack. */
export const MAX_FILTER_DEPTH = 100;

/**
 * Reads a filter. Empty or blank text is `{ kind: "all" }`.
 *
 * @throws HarnessError BAD_INPUT naming the character (from 1), what was expected and what came.
 */
export function parseFilter(text: string): Filter {
  if (text.length > MAX_FILTER_LENGTH) {
    throw new HarnessError(
      "BAD_INPUT",
      `a filter has at most ${MAX_FILTER_LENGTH} characters, this one has ${text.length}`,
      { where: "filter" },
    );
  }
  const tokens = scan(text);
  if (tokens[0]!.kind === "end") return { kind: "all" };
  const parser = new Parser(tokens);
  const filter = parser.either(0);
  parser.expectEnd();
  return filter;
}

/** Recursive descent over the tokens, one method a level of precedence. */
class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  either(depth: number): Condition {
    return this.#chain("or", () => this.#both(depth));
  }

  #both(depth: number): Condition {
    return this.#chain("and", () => this.#negation(depth));
  }

  #chain(kind: "and" | "or", next: () => Condition): Condition {
    const first = next();
    if (!this.#isKeyword(kind)) return first;
    const parts = [first];
    while (this.#isKeyword(kind)) {
      this.#at++;
      parts.push(next());
    }
    return { kind, parts };
  }

  #negation(depth: number): Condition {
    if (depth > MAX_FILTER_DEPTH) {
      throw wrong(`nesting of at most ${MAX_FILTER_DEPTH} levels`, this.#peek());
    }
    if (this.#isKeyword("not")) {
      this.#at++;
      return { kind: "not", part: this.#negation(depth + 1) };
    }
    if (!this.#isMark("(")) return this.#term();
    this.#at++;
    const inner = this.either(depth + 1);
    this.#expectMark(")", "AND, OR or )");
    return inner;
  }

  #term(): Condition {
    const token = this.#next();
    if (token.kind !== "word" || !isName(token.text)) {
      throw wrong('a condition like lang:en, age_days <= 7, NOT ... or "("', token, NAME_RULE);
    }
    const name = token.text;
    if (this.#isKeyword("in")) {
      this.#at++;
      return { kind: "match", name, values: this.#list(name) };
    }
    const mark = this.#next();
    if (mark.kind === "mark" && mark.text === ":") {
      return { kind: "match", name, values: [this.#value(`"${name}:"`)] };
    }
    if (mark.kind === "op") return this.#comparison(name, mark.text as ComparisonOp);
    throw wrong(`":", IN or one of < <= > >= = != after "${name}"`, mark);
  }

  #comparison(name: string, op: ComparisonOp): Comparison {
    const token = this.#next();
    const isNumber = token.kind === "word" && NUMBER.test(token.text);
    const value = isNumber ? Number(token.text) : NaN;
    if (!Number.isFinite(value)) {
      const isValue = token.kind === "word" || token.kind === "quoted";
      const instead = `${op === "!=" ? "NOT " : ""}${name}:${isValue ? printValue(token.text) : "value"}`;
      throw wrong(`a number after "${name} ${op}"`, token, `to match a value write ${instead}`);
    }
    return { kind: "compare", name, op, value };
  }

  #list(name: string): string[] {
    this.#expectMark("(", `"(" after "${name} IN"`);
    const values = [this.#value(`"${name} IN ("`)];
    while (this.#isMark(",")) {
      this.#at++;
      values.push(this.#value(`","`));
    }
    this.#expectMark(")", '"," or ")"');
    return values;
  }

  #value(after: string): string {
    const token = this.#next();
    if (token.kind === "word" || token.kind === "quoted") return token.text;
    throw wrong(`a value after ${after}`, token);
  }

  expectEnd(): void {
    const token = this.#peek();
    if (token.kind !== "end") throw wrong("AND, OR or the end", token);
  }

  #expectMark(text: string, expected: string): void {
    const token = this.#next();
    if (token.kind !== "mark" || token.text !== text) throw wrong(expected, token);
  }

  #isMark(text: string): boolean {
    const token = this.#peek();
    return token.kind === "mark" && token.text === text;
  }

  #isKeyword(keyword: "and" | "or" | "not" | "in"): boolean {
    const token = this.#peek();
    return token.kind === "word" && token.text.toLowerCase() === keyword;
  }

  #peek(): Token {
    return this.#tokens[this.#at]!;
  }

  /** The token at hand; the end is never passed. */
  #next(): Token {
    const token = this.#peek();
    if (token.kind !== "end") this.#at++;
    return token;
  }
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

function wrong(expected: string, got: Token, hint?: string): HarnessError {
  const what = got.kind === "end" ? "the end of the text" : `"${got.text.slice(0, 40)}"`;
  return new HarnessError(
    "BAD_INPUT",
    `filter, character ${got.position}: expected ${expected}, got ${what}`,
    { where: "filter", ...(hint === undefined ? {} : { hint }) },
  );
}
