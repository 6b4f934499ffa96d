import type { z } from "zod";
import type { Mistake } from "./mistake.ts";
import { didYouMean } from "../nearest-word.ts";
import { fieldsAt } from "./schema-fields.ts";
import type { FieldPath, ScenarioSource } from "./scenario-source.ts";

type Issue = z.core.$ZodIssue;

/** What the schema finds wrong with a value, in our words and with lines. */
export function schemaMistakes(
  source: ScenarioSource,
  schema: z.ZodType,
  value: unknown,
): Mistake[] {
  const parsed = schema.safeParse(value);
  if (parsed.success) return [];
  return parsed.error.issues.flatMap((issue) => {
    const path = issue.path.map((segment) => (typeof segment === "symbol" ? "" : segment));
    const came = valueAt(value, path);
    if (issue.code === "unrecognized_keys") {
      const known = fieldsAt(schema, path, value) ?? [];
      return issue.keys.map((key) =>
        source.mistake([...path, key], `unknown field${orKnown(key, known)}`, "key"),
      );
    }
    const at = issue.code === "invalid_key" ? "key" : "value";
    return [source.mistake(path, describe(issue, came), at)];
  });
}

function describe(issue: Issue, came: unknown): string {
  const expected = expectation(issue);
  if (issue.code === "invalid_key") return `a name must be ${expected}`;
  if (came === undefined && issue.code !== "custom") return `is missing; expected ${expected}`;
  const options = choices(issue);
  const hint = typeof came === "string" ? didYouMean(came, options) : "";
  return `expected ${expected}, came ${shown(came)}${hint}`;
}

/** What a value should have been, as a noun phrase. */
function expectation(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return nameOfType(issue.expected);
    case "invalid_value":
      return oneOf(issue.values.map(shown));
    case "too_small":
      return `${sizeOf(issue.origin)} ${issue.inclusive === false ? "more than" : "at least"} ${issue.minimum}`;
    case "too_big":
      return `${sizeOf(issue.origin)} ${issue.inclusive === false ? "less than" : "at most"} ${issue.maximum}`;
    case "invalid_union":
      if (issue.discriminator !== undefined) return oneOf(choices(issue).map(shown));
      return oneOf(issue.errors.flatMap((errors) => errors.slice(0, 1).map(expectation)));
    case "invalid_key":
      return issue.issues.map((inner) => inner.message).join(", ");
    case "not_multiple_of":
      return `a multiple of ${issue.divisor}`;
    case "invalid_format":
    case "unrecognized_keys":
    case "invalid_element":
    case "custom":
      return issue.message;
    default:
      return assertNever(issue);
  }
}

function assertNever(issue: never): string {
  return String(issue);
}

function nameOfType(expected: string): string {
  switch (expected) {
    case "record":
    case "object":
      return "fields (name: value)";
    case "array":
      return "a list [..]";
    case "int":
      return "a whole number";
    case "number":
      return "a finite number";
    case "string":
      return "a text";
    case "boolean":
      return "true or false";
    case "never":
      return "an empty list: no entry is known here yet";
    default:
      return expected;
  }
}

function sizeOf(origin: string): string {
  if (origin === "array") return "a list of";
  if (origin === "string") return "a text of length";
  return "a number of";
}

function choices(issue: Issue): string[] {
  if (issue.code === "invalid_value") return issue.values.map(String);
  if (issue.code !== "invalid_union") return [];
  if ("options" in issue && Array.isArray(issue.options)) return issue.options.map(String);
  return issue.errors.flatMap((errors) => errors.flatMap(choices));
}

function oneOf(words: readonly string[]): string {
  const distinct = [...new Set(words)];
  if (distinct.length <= 1) return distinct.join("");
  return `${distinct.slice(0, -1).join(", ")} or ${distinct.at(-1)!}`;
}

function orKnown(key: string, known: readonly string[]): string {
  const near = didYouMean(key, known);
  if (near !== "" || known.length === 0) return near;
  return `; known here: ${known.join(", ")}`;
}

/** A value as a message shows it: short, on one line. */
function shown(value: unknown): string {
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  const text = JSON.stringify(value) ?? "nothing";
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}

function valueAt(value: unknown, path: FieldPath): unknown {
  let at = value;
  for (const segment of path) {
    if (typeof at !== "object" || at === null) return undefined;
    at = (at as Record<string | number, unknown>)[segment];
  }
  return at;
}
