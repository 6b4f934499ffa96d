import type { Column } from "../catalogue.ts";
import type { Condition, Formula, Quantity } from "./grammar.ts";

/**
 * Columns whose vocabularies also have the values that a formula asks for: no item had them when the
 * catalogue was built, but one that comes later may. Codes that there were stay as they are.
 */
export function withMatched(columns: readonly Column[], formula: Formula): Column[] {
  const matched = matchedIn(formula);
  return columns.map((column) => {
    const wanted = matched.get(column.name);
    if (column.kind === "numeric" || wanted === undefined) return column;
    return { ...column, vocabulary: [...new Set([...column.vocabulary, ...wanted])] };
  });
}

/** The values that a formula asks items for, by the name of the column. */
function matchedIn(formula: Formula): ReadonlyMap<string, ReadonlySet<string>> {
  const matched = new Map<string, Set<string>>();
  collect(formula, matched);
  return matched;
}

function collect(part: Quantity | Condition, matched: Map<string, Set<string>>): void {
  switch (part.kind) {
    case "number":
    case "name":
      return;
    case "match": {
      const values = matched.get(part.name) ?? new Set();
      for (const value of part.values) values.add(value);
      matched.set(part.name, values);
      return;
    }
    case "default":
      collect(part.otherwise, matched);
      return;
    case "negative":
    case "not":
      collect(part.part, matched);
      return;
    case "binary":
    case "compare":
      collect(part.left, matched);
      collect(part.right, matched);
      return;
    case "call":
      for (const arg of part.args) collect(arg, matched);
      return;
    case "and":
    case "or":
      for (const each of part.parts) collect(each, matched);
      return;
    case "if":
      collect(part.condition, matched);
      collect(part.yes, matched);
      collect(part.no, matched);
  }
}
