import { HarnessError } from "../../src/errors.ts";
import type { BoundFilter } from "../../src/retrieval/filter/bind.ts";
import type { AttributeIndex } from "./attribute-index.ts";
import {
  combine,
  literal,
  stepCount,
  type Expression,
  type Operator,
  type Step,
} from "./expression.ts";
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
 * Plans an expression; null if it is true of every item. Of one that needs more than three
 * registers (at least eight alternating AND/OR pairs of pairs) as little as will do is multiplied
 * out: for at most 32 literals that makes a few hundred steps.
 *
 * @throws HarnessError BAD_INPUT if the plan would have more than `MAX_PLAN_STEPS` literals.
 */
export function planExpression(expression: Expression): FilterPlan | null {
  if (expression.kind === "constant") {
    if (expression.value) return null;
    // Nothing is eligible: the complement of all items.
    return [{ op: "and", terms: [{ op: "and", steps: [NO_ITEMS] }] }];
  }
  const { steps, make } = fitted(expression, REGISTERS);
  if (steps > MAX_PLAN_STEPS) throw tooLarge(steps);
  return clausesOf(make());
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

interface Fit {
  readonly steps: number;
  /** Apart from the count, for there may be very many. */
  readonly make: () => Expression;
}

const IMPOSSIBLE: Fit = { steps: Infinity, make: () => NO_ONE };
const NO_ONE: Expression = { kind: "constant", value: false };

/**
 * The shortest form found of an expression that needs at most so many registers: as it is; or its
 * hardest part in all of them and the others in all but the one that keeps what is there; or
 * multiplied out.
 */
function fitted(expression: Expression, registers: number): Fit {
  if (registersOf(expression) <= registers) {
    return { steps: stepCount(expression), make: () => expression };
  }
  if (registers < 2) return IMPOSSIBLE;
  const grains: Grain[] = registers < REGISTERS ? ["literal"] : ["literal", "chain"];
  const multiplied = grains.flatMap((grain) =>
    (["or", "and"] as const).map((outer) => multipliedOut(expression, outer, grain)),
  );
  return [partwise(expression, registers), ...multiplied].reduce((best, fit) =>
    fit.steps < best.steps ? fit : best,
  );
}

function partwise(expression: Expression, registers: number): Fit {
  const [first, ...rest] = hardestFirst(expression);
  const fits = [fitted(first!, registers), ...rest.map((part) => fitted(part, registers - 1))];
  return {
    steps: fits.reduce((sum, { steps }) => sum + steps, 0),
    make: () =>
      combine(
        opOf(expression),
        fits.map(({ make }) => make()),
      ),
  };
}

/**
 * What a product is made of. Chains may mix their operators, so a group of them needs a register
 * more than one of literals, which is a chain itself: three registers instead of two.
 */
type Grain = "chain" | "literal";

/** As an OR of ANDs or an AND of ORs. */
function multipliedOut(expression: Expression, outer: Operator, grain: Grain): Fit {
  const inner: Operator = outer === "or" ? "and" : "or";
  return {
    steps: countProducts(expression, outer, grain).steps,
    make: () =>
      combine(
        outer,
        products(expression, outer, grain).map((group) => combine(inner, group)),
      ),
  };
}

type Groups = readonly (readonly Expression[])[];

/** The groups whose `outer` combination the expression is. */
function products(expression: Expression, outer: Operator, grain: Grain): Groups {
  if (expression.kind === "chain") {
    if (grain === "chain") return [[expression]];
    const [first, ...rest] = expression.steps.map(({ op, literal: { row, negated } }) => ({
      op,
      groups: [[literal(row, negated)]] as Groups,
    }));
    return rest.reduce(
      (all, { op, groups }) => (op === outer ? [...all, ...groups] : crossed(all, groups)),
      first!.groups,
    );
  }
  const parts = partsOf(expression).map((part) => products(part, outer, grain));
  return expression.kind === outer ? parts.flat() : parts.reduce(crossed);
}

const crossed = (left: Groups, right: Groups): Groups =>
  left.flatMap((before) => right.map((after) => [...before, ...after]));

interface Size {
  readonly groups: number;
  readonly steps: number;
}

/** The size of `products`. */
function countProducts(expression: Expression, outer: Operator, grain: Grain): Size {
  if (expression.kind === "chain") {
    if (grain === "chain") return { groups: 1, steps: expression.steps.length };
    return expression.steps
      .slice(1)
      .reduce((size, { op }) => joined(size, ONE_LITERAL, op === outer), ONE_LITERAL);
  }
  return partsOf(expression)
    .map((part) => countProducts(part, outer, grain))
    .reduce((a, b) => joined(a, b, expression.kind === outer));
}

const ONE_LITERAL: Size = { groups: 1, steps: 1 };

const joined = (a: Size, b: Size, isSum: boolean): Size =>
  isSum
    ? { groups: a.groups + b.groups, steps: a.steps + b.steps }
    : { groups: a.groups * b.groups, steps: a.steps * b.groups + b.steps * a.groups };

const tooLarge = (steps: number): HarnessError =>
  new HarnessError(
    "BAD_INPUT",
    `filter: it takes ${steps} bitmap operations, at most ${MAX_PLAN_STEPS} are possible`,
    { where: "filter", hint: "use shorter IN lists, or nest AND and OR less deeply" },
  );
