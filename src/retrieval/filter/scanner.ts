import { HarnessError } from "../../errors.ts";

/** A piece of filter text. `quoted` holds the value with its quotes and escapes taken off. */
export interface Token {
  readonly kind: "word" | "quoted" | "mark" | "op" | "end";
  readonly text: string;
  /** Where it starts, counted from 1 in UTF-16 units. */
  readonly position: number;
}

/** Splits filter text into tokens; the last one is always `end`. */
export function scan(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const position = at + 1;
    if (text[at] === '"') {
      const { value, next } = scanQuoted(text, at);
      tokens.push({ kind: "quoted", text: value, position });
      at = next;
      continue;
    }
    PIECE.lastIndex = at;
    const groups = PIECE.exec(text)?.groups;
    if (groups === undefined) throw stray(text[at]!, position);
    for (const kind of ["word", "op", "mark"] as const) {
      if (groups[kind] !== undefined) tokens.push({ kind, text: groups[kind], position });
    }
    at = PIECE.lastIndex;
  }
  tokens.push({ kind: "end", text: "", position: text.length + 1 });
  return tokens;
}

/** The next piece, wherever it starts: white space, a bare word, a comparison or a mark. */
const PIECE = /\s+|(?<word>[^\s():,"\\<>=!]+)|(?<op><=|>=|!=|<|>|=)|(?<mark>[():,])/uy;

const BARE_VALUE = /^[^\s():,"\\<>=!\p{Cc}]+$/u;
const NAME = /^[A-Za-z_][A-Za-z0-9_.]*$/;
const KEYWORD = /^(and|or|not|in)$/i;

export const NAME_RULE =
  "a column's name is letters, digits, _ and ., does not start with a digit, and is not AND, OR, NOT or IN";

/** Whether a filter can speak of a column by this name. */
export function isName(text: string): boolean {
  return NAME.test(text) && !KEYWORD.test(text);
}

/** A value as it stands in filter text: bare where that reads back as itself, else quoted. */
export function printValue(value: string): string {
  if (BARE_VALUE.test(value) && !KEYWORD.test(value)) return value;
  return `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

function scanQuoted(text: string, start: number): { value: string; next: number } {
  let value = "";
  let at = start + 1;
  while (at < text.length) {
    const char = text[at]!;
    if (char === '"') return { value, next: at + 1 };
    if (char === "\\") {
      const escaped = text[at + 1];
      if (escaped !== '"' && escaped !== "\\") throw badEscape(escaped, at + 1);
      value += escaped;
      at += 2;
    } else {
      value += char;
      at += 1;
    }
  }
  throw new HarnessError(
    "BAD_INPUT",
    `filter, character ${start + 1}: expected a closing " for this quote, got the end of the text`,
    { where: "filter" },
  );
}

function badEscape(escaped: string | undefined, position: number): HarnessError {
  const what = escaped === undefined ? "the end of the text" : `"${escaped}"`;
  return new HarnessError(
    "BAD_INPUT",
    `filter, character ${position}: expected " or \\ after a backslash, got ${what}`,
    { where: "filter" },
  );
}

function stray(char: string, position: number): HarnessError {
  return new HarnessError(
    "BAD_INPUT",
    `filter, character ${position}: expected a name, a value or an operator, got "${char}"`,
    { where: "filter", hint: 'write NOT for negation, != for "is not", and quote other values' },
  );
}
