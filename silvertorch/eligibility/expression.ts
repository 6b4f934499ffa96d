export type Operator = "and" | "or";

/** A bitmap of the table, or its complement. */
export interface Literal {
  readonly row: number;
  readonly negated: boolean;
}

/** Folds one literal into what the steps before it have made; the first one folds into "all". */
export interface Step {
  readonly op: Operator;
  readonly literal: Literal;
}

/**
 * A filter over bitmaps. A chain is worked off from left to right in one register; a node's parts
 * are folded by one operator and none of them is a node of the same operator or a constant.
 */
export type Expression =
  | { readonly kind: "constant"; readonly value: boolean }
  | { readonly kind: "chain"; readonly steps: readonly Step[] }
  | { readonly kind: Operator; readonly parts: readonly Expression[] };

export const constant = (value: boolean): Expression => ({ kind: "constant", value });

export const literal = (row: number, negated = false): Expression => ({
  kind: "chain",
  steps: [{ op: "and", literal: { row, negated } }],
});

/** The complement, taken at the literals. */
export function negate(expression: Expression): Expression {
  switch (expression.kind) {
    case "constant":
      return constant(!expression.value);
    case "chain":
      return { kind: "chain", steps: expression.steps.map(negateStep) };
    case "and":
    case "or":
      return { kind: flip(expression.kind), parts: expression.parts.map(negate) };
  }
}

/** The first step folds into "all" whatever its operator is called, so that one stays. */
const negateStep = ({ op, literal: { row, negated } }: Step, at: number): Step => ({
  op: at === 0 ? op : flip(op),
  literal: { row, negated: !negated },
});

const flip = (op: Operator): Operator => (op === "and" ? "or" : "and");

/**
 * Folds expressions by one operator into as few chains as possible: single literals are appended
 * to one of the longer chains, for a chain may change its operator on the way.
 */
export function combine(op: Operator, parts: readonly Expression[]): Expression {
  const neutral = op === "and";
  const flat = parts.flatMap((part) => (part.kind === op ? part.parts : [part]));
  if (flat.some((part) => part.kind === "constant" && part.value !== neutral))
    return constant(!neutral);
  const singles: Step[] = [];
  const rest: Expression[] = [];
  for (const part of flat) {
    if (part.kind === "constant") continue;
    if (part.kind === "chain" && part.steps.length === 1) singles.push({ ...part.steps[0]!, op });
    else rest.push(part);
  }
  const host = rest.findIndex(({ kind }) => kind === "chain");
  if (host >= 0) {
    const steps = [...(rest[host] as { steps: readonly Step[] }).steps, ...singles];
    rest[host] = { kind: "chain", steps };
  } else if (singles.length > 0) {
    rest.push({ kind: "chain", steps: [{ ...singles[0]!, op: "and" }, ...singles.slice(1)] });
  }
  if (rest.length === 0) return constant(neutral);
  return rest.length === 1 ? rest[0]! : { kind: op, parts: rest };
}

/** Literals of an expression. */
export function stepCount(expression: Expression): number {
  switch (expression.kind) {
    case "constant":
      return 0;
    case "chain":
      return expression.steps.length;
    case "and":
    case "or":
      return expression.parts.reduce((sum, part) => sum + stepCount(part), 0);
  }
}
