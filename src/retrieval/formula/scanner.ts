import { HarnessError } from "../../errors.ts";
import { isSpaceAt, tokenAt, type Token } from "../filter/scanner.ts";

/** A piece of formula text; an operator or a bracket is a mark. */
export interface FormulaToken {
  readonly kind: "number" | "name" | "mark" | "end";
  readonly text: string;
  /** Where it starts, counted from 1 in UTF-16 units. */
  readonly position: number;
}

/**
 * Reads formula text a token at a time. The values of a match are written as in a filter, where
 * `-` and `*` are letters like others: so the parser says when it wants one.
 */
export class FormulaScanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The token at hand; the last one is `end`. */
  peek(): FormulaToken {
    while (this.#at < this.#text.length && isSpaceAt(this.#text, this.#at)) this.#at++;
    const position = this.#at + 1;
    if (this.#at === this.#text.length) return { kind: "end", text: "", position };
    for (const [kind, pattern] of PATTERNS) {
      pattern.lastIndex = this.#at;
      const found = pattern.exec(this.#text);
      if (found !== null) return { kind, text: found[0], position };
    }
    throw new HarnessError(
      "BAD_INPUT",
      `formula, character ${position}: expected a number, a name or an operator, got "${this.#text[this.#at]}"`,
      { where: "formula" },
    );
  }

  /** The token at hand, which is then behind; the end is never passed. */
  next(): FormulaToken {
    const token = this.peek();
    this.#at += token.text.length;
    return token;
  }

  /** The token that a filter would have here. */
  nextInFilter(): Token {
    const { token, next } = tokenAt(this.#text, this.#at, "formula");
    this.#at = next;
    return token;
  }
}

const PATTERNS: readonly (readonly [FormulaToken["kind"], RegExp])[] = [
  ["number", /(\d+\.?\d*|\.\d+)(e[+-]?\d+)?/iy],
  ["name", /[a-z_][a-z0-9_.]*/iy],
  ["mark", /[<>]=?|!=|[-+*/^=(),:]/y],
];
