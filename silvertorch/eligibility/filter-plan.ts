import { HarnessError } from "../../src/errors.ts";
import type { BoundFilter } from "../../src/retrieval/filter/bind.ts";
import type { AttributeIndex } from "./attribute-index.ts";
import { combine, stepCount, type Expression, type Operator, type Step } from "./expression.ts";
import { expressionOf } from "./lower-filter.ts";
import { ALL_ITEMS_ROW } from "./attribute-index.ts";

/** A chain of literals, and how its result folds into the clause. */
export interface Term {
  readonly op: Operator;
  readonly steps: readonly Step[];
}

/** A chain of terms, and how its result folds into the plan's. */
export interface Clause {
  readonly op: Operator;
  readonly terms: readonly Term[];
}

/**
 * A filter as a program of the graph's eligibility layer, which has three registers: literals fold
 * into a term, terms into a clause, clauses into the result, each with AND or OR from left to
 * right. The first fold of a register is into "all", so its operator is always AND.
 */
export type FilterPlan = readonly Clause[];

/** The most literals a plan may have: each is a step that the whole batch takes. */
export const MAX_PLAN_STEPS = 4096;

const REGISTERS = 3;

/**
 * Plans a filter over the bitmap table; null if every item is eligible.
 * @throws HarnessError BAD_INPUT if the plan would have more than `MAX_PLAN_STEPS` literals.
 */
export function planFilter(filter: BoundFilter, index: AttributeIndex): FilterPlan | null {
  return planExpression(expressionOf(filter, index));
}

/**
 * Plans an expression; null if it is true of every item. One that needs more than three registers
 * (at least eight alternating AND/OR pairs of pairs) is multiplied out first.
 *
 * @throws HarnessError BAD_INPUT if the plan would have more than `MAX_PLAN_STEPS` literals.
 */
export function planExpression(expression: Expression): FilterPlan | null {
  if (expression.kind === "constant") {
    if (expression.value) return null;
    // Nothing is eligible: the complement of all items.
    return [{ op: "and", terms: [{ op: "and", steps: [NO_ITEMS] }] }];
  }
  const fitting = registersOf(expression) <= REGISTERS ? expression : multipliedOut(expression);
  if (stepCount(fitting) > MAX_PLAN_STEPS) throw tooLarge(stepCount(fitting));
  return clausesOf(fitting);
}

const NO_ITEMS: Step = { op: "and", literal: { row: ALL_ITEMS_ROW, negated: true } };

/**
 * Registers it takes to evaluate an expression: the part that needs most goes first, the others
 * each need one more than their own to keep what is there (Ershov's number).
 */
function registersOf(expression: Expression): number {
  if (expression.kind === "chain" || expression.kind === "constant") return 1;
  const [first, second] = expression.parts.map(registersOf).toSorted((a, b) => b - a);
  return Math.max(first!, second! + 1);
}

function clausesOf(expression: Expression): readonly Clause[] {
  if (registersOf(expression) < REGISTERS) return [{ op: "and", terms: termsOf(expression) }];
  const [first, ...rest] = hardestFirst(expression);
  return [
    ...clausesOf(first!),
    ...rest.map((part) => ({ op: opOf(expression), terms: termsOf(part) })),
  ];
}

function termsOf(expression: Expression): readonly Term[] {
  if (expression.kind === "chain") return [{ op: "and", steps: expression.steps }];
  const [first, ...rest] = hardestFirst(expression);
  return [
    ...termsOf(first!),
    ...rest.map((part) => ({ op: opOf(expression), steps: stepsOf(part) })),
  ];
}

const hardestFirst = (expression: Expression): Expression[] =>
  partsOf(expression).toSorted((a, b) => registersOf(b) - registersOf(a));

const opOf = (expression: Expression): Operator => (expression.kind === "or" ? "or" : "and");

const stepsOf = (expression: Expression): readonly Step[] =>
  expression.kind === "chain" ? expression.steps : [];

const partsOf = (expression: Expression): readonly Expression[] =>
  expression.kind === "and" || expression.kind === "or" ? expression.parts : [expression];

/** As an OR of ANDs of chains or an AND of ORs, whichever is shorter. */
function multipliedOut(expression: Expression): Expression {
  const size = { and: productSteps(expression, "and"), or: productSteps(expression, "or") };
  const outer: Operator = size.or <= size.and ? "or" : "and";
  if (size[outer] > MAX_PLAN_STEPS) throw tooLarge(size[outer]);
  const inner: Operator = outer === "or" ? "and" : "or";
  return combine(
    outer,
    products(expression, outer).map((chains) => combine(inner, chains)),
  );
}

/** The groups of chains whose `outer` combination the expression is. */
function products(expression: Expression, outer: Operator): readonly (readonly Expression[])[] {
  if (expression.kind === "chain") return [[expression]];
  const parts = partsOf(expression).map((part) => products(part, outer));
  if (expression.kind === outer) return parts.flat();
  return parts.reduce((all, groups) =>
    all.flatMap((left) => groups.map((right) => [...left, ...right])),
  );
}

/** Literals of `products`, without making them: there may be very many. */
function productSteps(expression: Expression, outer: Operator): number {
  return countProducts(expression, outer).steps;
}

function countProducts(expression: Expression, outer: Operator): { groups: number; steps: number } {
  if (expression.kind === "chain") return { groups: 1, steps: expression.steps.length };
  const parts = partsOf(expression).map((part) => countProducts(part, outer));
  return parts.reduce((a, b) =>
    expression.kind === outer
      ? { groups: a.groups + b.groups, steps: a.steps + b.steps }
      : { groups: a.groups * b.groups, steps: a.steps * b.groups + b.steps * a.groups },
  );
}

const tooLarge = (steps: number): HarnessError =>
  new HarnessError(
    "BAD_INPUT",
    `filter: it takes ${steps} bitmap operations, at most ${MAX_PLAN_STEPS} are possible`,
    { where: "filter", hint: "use shorter IN lists, or nest AND and OR less deeply" },
  );
