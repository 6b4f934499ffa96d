import type { Condition, Formula, Quantity } from "./grammar.ts";

/** The names that a formula takes numbers from: score, tasks and numeric columns, each once. */
export function namedIn(formula: Formula): ReadonlySet<string> {
  const names = new Set<string>();
  collect(formula, names);
  return names;
}

function collect(part: Quantity | Condition, names: Set<string>): void {
  switch (part.kind) {
    case "number":
    case "match":
      return;
    case "name":
      names.add(part.name);
      return;
    case "default":
      names.add(part.name);
      collect(part.otherwise, names);
      return;
    case "negative":
    case "not":
      collect(part.part, names);
      return;
    case "binary":
    case "compare":
      collect(part.left, names);
      collect(part.right, names);
      return;
    case "call":
      for (const arg of part.args) collect(arg, names);
      return;
    case "and":
    case "or":
      for (const each of part.parts) collect(each, names);
      return;
    case "if":
      collect(part.condition, names);
      collect(part.yes, names);
      collect(part.no, names);
  }
}
