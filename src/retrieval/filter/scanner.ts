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
  for (;;) {
    const { token, next } = tokenAt(text, at, "filter");
    tokens.push(token);
    if (token.kind === "end") return tokens;
    at = next;
  }
}

/**
 * The first token at or after a character (from 0), and where the text goes on after it.
 *
 * @param subject what the text is, for messages.
 * @throws HarnessError BAD_INPUT on a stray character or a quote that does not end.
 */
export function tokenAt(
  text: string,
  start: number,
  subject: string,
): { token: Token; next: number } {
  let at = start;
  while (at < text.length && isSpaceAt(text, at)) at++;
  const position = at + 1;
  if (at === text.length) return { token: { kind: "end", text: "", position }, next: at };
  const kind = kindAt(text, at, subject);
  if (kind === "quoted") {
    const { value, next } = scanQuoted(text, at, subject);
    return { token: { kind, text: value, position }, next };
  }
  const next = endOf(kind, text, at);
  return { token: { kind, text: text.slice(at, next), position }, next };
}

type Kind = "quoted" | "mark" | "op" | "word";

/** What starts at a character; by the character alone, but for "!", which needs its "=". */
function kindAt(text: string, at: number, subject: string): Kind {
  const code = text.charCodeAt(at);
  const kind = code < 128 ? ASCII_KINDS[code] : "word";
  if (kind === undefined || (kind === "op" && text[at] === "!" && text[at + 1] !== "=")) {
    throw stray(text[at]!, at + 1, subject);
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

/** Whether a character is white space. */
export function isSpaceAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code < 128 ? ASCII_SPACES[code]! : SPACE.test(text[at]!);
}

const SPACE = /\s/;

const ASCII = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code));

const ASCII_SPACES = ASCII.map((char) => SPACE.test(char));

/** Kind of each ASCII character; undefined for spaces and backslash, which nothing starts with. */
const ASCII_KINDS = ASCII.map((char): Kind | undefined => {
  if ("():,".includes(char)) return "mark";
  if ("<>=!".includes(char)) return "op";
  if (char === '"') return "quoted";
  return char === "\\" || SPACE.test(char) ? undefined : "word";
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

function scanQuoted(text: string, start: number, subject: string): { value: string; next: number } {
  let value = "";
  let at = start + 1;
  while (at < text.length) {
    const char = text[at]!;
    if (char === '"') return { value, next: at + 1 };
    if (char === "\\") {
      const escaped = text[at + 1];
      if (escaped !== '"' && escaped !== "\\") throw badEscape(escaped, at + 1, subject);
      value += escaped;
      at += 2;
    } else {
      value += char;
      at += 1;
    }
  }
  throw new HarnessError(
    "BAD_INPUT",
    `${subject}, character ${start + 1}: expected a closing " for this quote, got the end of the text`,
    { where: subject },
  );
}

function badEscape(escaped: string | undefined, position: number, subject: string): HarnessError {
  const what = escaped === undefined ? "the end of the text" : `"${escaped}"`;
  return new HarnessError(
    "BAD_INPUT",
    `${subject}, character ${position}: expected " or \\ after a backslash, got ${what}`,
    { where: subject },
  );
}

function stray(char: string, position: number, subject: string): HarnessError {
  return new HarnessError(
    "BAD_INPUT",
    `${subject}, character ${position}: expected a name, a value or an operator, got "${char}"`,
    { where: subject, hint: 'write NOT for negation, != for "is not", and quote other values' },
  );
}
