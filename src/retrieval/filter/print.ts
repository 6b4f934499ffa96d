import type { Condition, Filter } from "./grammar.ts";
import { printValue } from "./scanner.ts";

/** The filter as text that `parseFilter` reads back as the same tree. */
export function printFilter(filter: Filter): string {
  return filter.kind === "all" ? "" : print(filter);
}

function print(condition: Condition): string {
  switch (condition.kind) {
    case "and":
    case "or":
      return condition.parts
        .map((part) => (needsGroup(condition.kind, part) ? `(${print(part)})` : print(part)))
        .join(` ${condition.kind.toUpperCase()} `);
    case "not":
      return `NOT ${needsGroup("not", condition.part) ? `(${print(condition.part)})` : print(condition.part)}`;
    case "match": {
      const values = condition.values.map(printValue);
      return values.length === 1
        ? `${condition.name}:${values[0]}`
        : `${condition.name} IN (${values.join(", ")})`;
    }
    case "compare":
      return `${condition.name} ${condition.op} ${condition.value}`;
  }
}

/** Whether a part must stand in parentheses: it binds no tighter than what is around it. */
function needsGroup(around: "and" | "or" | "not", part: Condition): boolean {
  return BINDING[part.kind] <= BINDING[around] && part.kind !== "not";
}

const BINDING = { or: 0, and: 1, not: 2, match: 3, compare: 3 } as const;
