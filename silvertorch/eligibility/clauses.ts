import type { CellRange } from "./cells.ts";
import type { Expression, Literal } from "./expression.ts";

/** Literals of which at least one must be true; of none it is false. */
export type Clause = readonly Literal[];

/** null: there are too many. */
type Clauses = readonly Clause[] | null;

/** More are worked off by a plan: they are laid beside each other whether they are needed or not. */
const MOST_CLAUSES = 32;
const MOST_LITERALS = 64;

/** An expression as clauses that must all be true; null where there would be too many. */
export function clausesOf(expression: Expression): Clauses {
  switch (expression.kind) {
    case "constant":
      return expression.value ? [] : [[]];
    case "chain":
      return expression.steps.reduce<Clauses>((before, { op, literal }, at) => {
        return at === 0 || op === "and" ? both(before, [[literal]]) : either(before, [[literal]]);
      }, []);
    case "and":
      return expression.parts.map(clausesOf).reduce<Clauses>(both, []);
    case "or":
      return expression.parts.map(clausesOf).reduce<Clauses>(either, [[]]);
  }
}

const both = (a: Clauses, b: Clauses): Clauses =>
  a === null || b === null ? null : few([...a, ...b]);

/** OR goes into AND: each clause of one with each of the other. */
const either = (a: Clauses, b: Clauses): Clauses =>
  a === null || b === null ? null : few(a.flatMap((one) => b.map((other) => [...one, ...other])));

const few = (clauses: readonly Clause[]): Clauses =>
  clauses.length <= MOST_CLAUSES ? clauses : null;

/** Numbers of a literal: place of the cell, lowest, highest. */
export const LITERAL_NUMBERS = 3;

/** Clauses as numbers, ready to be laid beside those of others. */
export interface EncodedClauses {
  /** int32 [3, literals]: place of the cell, lowest and highest number, of each literal. */
  readonly ranges: Int32Array;
  /** float32 [clauses, literals]: 1 where a clause has a literal, -1 where it has its NOT. */
  readonly signs: Float32Array;
  /** float32 [clauses]: a clause is true where its signs of true literals sum up to so much. */
  readonly least: Float32Array;
}

/** @returns null where there are too many literals. */
export function encodeClauses(
  clauses: readonly Clause[],
  rangeOf: (row: number) => CellRange,
): EncodedClauses | null {
  const positions = new Map<number, number>();
  for (const clause of clauses) {
    for (const { row } of clause) {
      if (!positions.has(row)) positions.set(row, positions.size);
    }
  }
  const literals = positions.size;
  if (literals > MOST_LITERALS) return null;
  const ranges = new Int32Array(LITERAL_NUMBERS * literals);
  for (const [row, at] of positions) {
    for (const [number, value] of rangeOf(row).entries()) ranges[number * literals + at] = value;
  }
  const needed = clauses.filter((clause) => !isAlwaysTrue(clause));
  const signs = new Float32Array(needed.length * literals);
  const least = new Float32Array(needed.length);
  for (const [clause, held] of needed.entries()) {
    const own = signs.subarray(clause * literals, (clause + 1) * literals);
    for (const { row, negated } of held) own[positions.get(row)!] = negated ? -1 : 1;
    // Of a NOT, 1 is lost where its literal is true.
    least[clause] = 1 - own.reduce((count, sign) => count + (sign < 0 ? 1 : 0), 0);
  }
  return { ranges, signs, least };
}

/** It has a literal and its NOT. */
const isAlwaysTrue = (clause: Clause): boolean =>
  clause.some(
    ({ row, negated }) => negated && clause.some((other) => other.row === row && !other.negated),
  );

/** The clauses of a batch side by side. */
export interface ClauseTensors {
  readonly plans: number;
  /** As many as the plan has that has most; at least one. */
  readonly literals: number;
  readonly clauses: number;
  /** int32 [3, plans, literals] */
  readonly ranges: Int32Array;
  /** float32 [plans, clauses, literals] */
  readonly signs: Float32Array;
  /** float32 [plans, clauses, 1] */
  readonly least: Float32Array;
}

/** @param programs null: every item is eligible. */
export function clauseTensors(programs: readonly (EncodedClauses | null)[]): ClauseTensors {
  const plans = programs.length;
  const most = (of: (program: EncodedClauses) => number): number =>
    programs.reduce((all, each) => (each === null ? all : Math.max(all, of(each))), 1);
  const literals = most(({ ranges }) => ranges.length / LITERAL_NUMBERS);
  const clauses = most(({ least }) => least.length);
  const ranges = new Int32Array(LITERAL_NUMBERS * plans * literals);
  const signs = new Float32Array(plans * clauses * literals);
  // What is filled up sums up to nothing, and that is enough.
  const least = new Float32Array(plans * clauses);
  for (const [plan, program] of programs.entries()) {
    if (program === null) continue;
    const own = program.ranges.length / LITERAL_NUMBERS;
    for (let number = 0; number < LITERAL_NUMBERS; number++) {
      const numbers = program.ranges.subarray(number * own, (number + 1) * own);
      ranges.set(numbers, (number * plans + plan) * literals);
    }
    for (let clause = 0; clause < program.least.length; clause++) {
      const of = program.signs.subarray(clause * own, (clause + 1) * own);
      signs.set(of, (plan * clauses + clause) * literals);
    }
    least.set(program.least, plan * clauses);
  }
  return { plans, literals, clauses, ranges, signs, least };
}
