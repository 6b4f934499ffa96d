import { EMPTY_PROGRAM, FOLD_FLAGS, type EncodedProgram } from "./plan-tensors.ts";

/** Numbers of a step's range: place of the cell, lowest, highest. */
export const RANGE_NUMBERS = 3;

/**
 * Flags of a step, each a truth value: folds of the literal, of its term and of its clause (see
 * plan-tensors.ts), of which the latter two are idle but at the last literal of a term or clause.
 */
export const STEP_FLAGS = [
  "literalBefore",
  "literalOperand",
  "termBefore",
  "termOperand",
  "termIdle",
  "termEnds",
  "clauseBefore",
  "clauseOperand",
  "clauseIdle",
  "clauseEnds",
] as const;

type Flag = (typeof STEP_FLAGS)[number];

/** The programs of a batch side by side, a literal of each a step. */
export interface StepTensors {
  readonly plans: number;
  /** As many as the longest program has literals. */
  readonly steps: number;
  /** int32 [steps, 3, plans, 1] */
  readonly ranges: Int32Array;
  /** bool [steps, flags, plans, 1] */
  readonly flags: Uint8Array;
  /** bool [plans, 1] */
  readonly complements: Uint8Array;
}

/** A step that a shorter program does not have: true of every cell, and it changes no register. */
const IDLE_RANGE = [0, -(2 ** 31), 2 ** 31 - 1];
const IDLE_FLAGS: readonly Flag[] = ["termIdle", "clauseIdle"];

/** @param programs over ranges of single cells; null: every item is eligible. */
export function stepTensors(programs: readonly (EncodedProgram | null)[]): StepTensors {
  const plans = programs.length;
  const known = programs.map((program) => program ?? EMPTY_PROGRAM);
  // At least one: a graph's scan over nothing has no result.
  const steps = Math.max(1, ...known.map(({ literalFlags }) => literalFlags.length / 2));
  const ranges = new Int32Array(steps * RANGE_NUMBERS * plans);
  const flags = new Uint8Array(steps * STEP_FLAGS.length * plans);
  const place = (step: number, plan: number, { range, set }: EncodedStep): void => {
    for (let at = 0; at < RANGE_NUMBERS; at++) {
      ranges[(step * RANGE_NUMBERS + at) * plans + plan] = range[at]!;
    }
    for (const [at, flag] of STEP_FLAGS.entries()) {
      flags[(step * STEP_FLAGS.length + at) * plans + plan] = set.has(flag) ? 1 : 0;
    }
  };
  for (const [plan, program] of known.entries()) {
    const own = stepsOf(program);
    for (let step = 0; step < steps; step++) place(step, plan, own[step] ?? IDLE_STEP);
  }
  const complements = Uint8Array.from(known, ({ complement }) => (complement === 0 ? 0 : 1));
  return { plans, steps, ranges, flags, complements };
}

interface EncodedStep {
  readonly range: ArrayLike<number>;
  readonly set: ReadonlySet<Flag>;
}

const IDLE_STEP: EncodedStep = { range: IDLE_RANGE, set: new Set(IDLE_FLAGS) };

/** The literals of a program, each with what happens after it. */
function stepsOf(program: EncodedProgram): EncodedStep[] {
  const { operands, literalFlags, termLengths, foldFlags } = program;
  const steps: EncodedStep[] = [];
  for (const [term, length] of termLengths.entries()) {
    const [before, operand, outerBefore, outerOperand, , ends] = foldFlags.subarray(
      term * FOLD_FLAGS,
    );
    for (let at = 0; at < length; at++) {
      const literal = steps.length;
      const termEnds = at === length - 1;
      const clauseEnds = termEnds && ends !== 0;
      const isSet: Readonly<Record<Flag, boolean>> = {
        literalBefore: literalFlags[2 * literal] !== 0,
        literalOperand: literalFlags[2 * literal + 1] !== 0,
        termBefore: termEnds && before !== 0,
        termOperand: operand !== 0,
        termIdle: !termEnds,
        termEnds,
        clauseBefore: clauseEnds && outerBefore !== 0,
        clauseOperand: outerOperand !== 0,
        clauseIdle: !clauseEnds,
        clauseEnds,
      };
      steps.push({
        range: operands.subarray(literal * RANGE_NUMBERS, (literal + 1) * RANGE_NUMBERS),
        set: new Set(STEP_FLAGS.filter((flag) => isSet[flag])),
      });
    }
  }
  return steps;
}
