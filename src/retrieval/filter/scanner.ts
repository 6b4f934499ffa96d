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
    const kind = kindAt(text, at);
    if (kind === "space") {
      at++;
    } else if (kind === "quoted") {
      const { value, next } = scanQuoted(text, at);
      tokens.push({ kind, text: value, position });
      at = next;
    } else {
      const end = endOf(kind, text, at);
      tokens.push({ kind, text: text.slice(at, end), position });
      at = end;
    }
  }
  tokens.push({ kind: "end", text: "", position: text.length + 1 });
  return tokens;
}

type Kind = "space" | "quoted" | "mark" | "op" | "word";

/** What starts at a character; by the character alone, but for "!", which needs its "=". */
function kindAt(text: string, at: number): Kind {
  const code = text.charCodeAt(at);
  const kind = code < 128 ? ASCII_KINDS[code] : SPACE.test(text[at]!) ? "space" : "word";
  if (kind === undefined || (kind === "op" && text[at] === "!" && text[at + 1] !== "=")) {
    throw stray(text[at]!, at + 1);
  }
  return kind;
}

function endOf(kind: "mark" | "op" | "word", text: string, start: number): number {
  if (kind === "mark") return start + 1;
  if (kind === "op") return text[start] !== "=" && text[start + 1] === "=" ? start + 2 : start + 1;
  let end = start + 1;
  while (end < text.length && isWordAt(text, end)) end++;
  return end;
}

function isWordAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code < 128 ? ASCII_KINDS[code] === "word" : !SPACE.test(text[at]!);
}

const SPACE = /\s/;

/** Kind of each ASCII character; undefined for a backslash, which nothing starts with. */
const ASCII_KINDS = Array.from({ length: 128 }, (_, code): Kind | undefined => {
  const char = String.fromCharCode(code);
  if (SPACE.test(char)) return "space";
  if ("():,".includes(char)) return "mark";
  if ("<>=!".includes(char)) return "op";
  if (char === '"') return "quoted";
  return char === "\\" ? undefined : "word";
});

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
