import type { EncodedClauses } from "./clauses.ts";
import type { Operator } from "./expression.ts";
import type { FilterPlan } from "./filter-plan.ts";

/**
 * The masks of one fold, 0 or -1 (all bits): `register = (register ^ before) & (operand ^ operandMask)`.
 * That is AND as it stands; OR by De Morgan, for which the register is kept complemented. So one
 * pair of XOR and AND serves both, and every request of a batch may do another one.
 */
interface Fold {
  readonly before: number;
  readonly operand: number;
}

/** A register while a plan is written down: whether what it holds is complemented. */
class Register {
  complemented = false;

  fold(op: Operator, operandComplemented: boolean): Fold {
    const isOr = op === "or";
    const fold = {
      before: mask(this.complemented !== isOr),
      operand: mask(operandComplemented !== isOr),
    };
    this.complemented = isOr;
    return fold;
  }
}

const mask = (set: boolean): number => (set ? -1 : 0);

/** Folds of a literal: its bitmap's row, `before`, `operand`. */
const LITERAL_FLAGS = 2;
/** Folds of a term and a clause: two each, whether the clause goes on, whether it ends. */
export const FOLD_FLAGS = 6;

/** A program as numbers, ready to be laid beside others. */
export interface EncodedProgram {
  /** What all literals are about, term after term: a row of the bitmap table, or two numbers. */
  readonly operands: Int32Array;
  /** [literals, 2] */
  readonly literalFlags: Int8Array;
  /** Literals of each term. */
  readonly termLengths: Uint32Array;
  /** [terms, 6] */
  readonly foldFlags: Int8Array;
  /** 0 or -1: whether the result is left complemented. */
  readonly complement: number;
}

/** How a filter is worked off. */
export interface EncodedPlan {
  /** Over the bitmap table: finds the eligible items, or, from signatures, these and some more. */
  readonly scan: EncodedProgram;
  /** Over the cells of those that were found: which of them are eligible; null: all are. */
  readonly check: EncodedProgram | null;
  /** How it is worked off as a part of the product; absent: it cannot be. */
  readonly folded?: FoldedPlan;
  /** About what share of the items it lets through, 0..1. */
  readonly share: number;
  /**
   * uint8 [clusters]: what it adds to each cluster's score, in codes of cluster-bonus.ts; absent: clusters
   * are taken by their centroids alone.
   */
  readonly clusterBonus?: Uint8Array;
}

/** What a query requires of items, float32 [foldDims], and the clauses by which it is checked. */
export interface FoldedPlan {
  readonly penalties: Float32Array;
  readonly check: EncodedClauses;
  /** About what share of those that it lets through passes the check, 0..1. */
  readonly passing: number;
}

/** @param operandOf the numbers that stand for a literal's row: its operand. */
export function encodeProgram(
  plan: FilterPlan,
  operandOf: (row: number) => readonly number[] = (row) => [row],
): EncodedProgram {
  const terms = plan.flatMap((clause) => clause.terms);
  const steps = terms.flatMap((term) => term.steps);
  const operands = Int32Array.from(steps.flatMap(({ literal }) => operandOf(literal.row)));
  const literalFlags: number[] = [];
  const foldFlags: number[] = [];
  const result = new Register();
  for (const clause of plan) {
    const clauseRegister = new Register();
    for (const [at, term] of clause.terms.entries()) {
      const termRegister = new Register();
      for (const { op, literal } of term.steps) {
        const { before, operand } = termRegister.fold(op, literal.negated);
        literalFlags.push(before, operand);
      }
      const { before, operand } = clauseRegister.fold(term.op, termRegister.complemented);
      const ends = at === clause.terms.length - 1;
      const outer = ends ? result.fold(clause.op, clauseRegister.complemented) : NO_FOLD;
      foldFlags.push(before, operand, outer.before, outer.operand, mask(!ends), mask(ends));
    }
  }
  return {
    operands,
    literalFlags: Int8Array.from(literalFlags),
    termLengths: Uint32Array.from(terms, (term) => term.steps.length),
    foldFlags: Int8Array.from(foldFlags),
    complement: mask(result.complemented),
  };
}

const NO_FOLD: Fold = { before: 0, operand: 0 };
/** A term that a shorter plan does not have: it folds "all" into the clause and goes on. */
const IDLE_FOLD = [0, 0, 0, 0, -1, 0];

/** The programs of a batch side by side, as inputs of a filter machine. */
export interface PlanTensors {
  readonly plans: number;
  /** Steps over all terms: each term is as long as the longest plan's. */
  readonly steps: number;
  readonly terms: number;
  /** [steps, plans], or [steps, plans, 2] */
  readonly operands: Int32Array;
  /** [steps, 2, plans, 1] */
  readonly literalFlags: Int8Array;
  /** [terms] */
  readonly termStarts: Int32Array;
  readonly termLengths: Int32Array;
  /** [terms, 6, plans, 1] */
  readonly foldFlags: Int8Array;
  /** [plans, 1] */
  readonly complements: Int8Array;
}

/**
 * @param plans null: every item is eligible.
 * @param idle the operand of a step that a shorter program does not have: what is true of all.
 */
export function planTensors(
  plans: readonly (EncodedProgram | null)[],
  idle: readonly number[],
): PlanTensors {
  const termLengths: number[] = [];
  for (const plan of plans) {
    plan?.termLengths.forEach((length, term) => {
      termLengths[term] = Math.max(termLengths[term] ?? 0, length);
    });
  }
  const termStarts = termLengths.map((_, term) => sum(termLengths.slice(0, term)));
  const steps = sum(termLengths);
  const count = plans.length;
  const tensors: PlanTensors = {
    plans: count,
    steps,
    terms: termLengths.length,
    operands: new Int32Array(steps * count * idle.length).map((_, at) => idle[at % idle.length]!),
    literalFlags: new Int8Array(steps * LITERAL_FLAGS * count),
    termStarts: Int32Array.from(termStarts),
    termLengths: Int32Array.from(termLengths),
    foldFlags: new Int8Array(termLengths.length * FOLD_FLAGS * count),
    complements: new Int8Array(count),
  };
  for (const [at, plan] of plans.entries()) place(tensors, at, plan ?? EMPTY_PROGRAM);
  return tensors;
}

/** True of every item. */
export const EMPTY_PROGRAM: EncodedProgram = encodeProgram([]);

function place(tensors: PlanTensors, at: number, plan: EncodedProgram): void {
  const { plans, terms, steps, termStarts, operands } = tensors;
  const width = steps === 0 ? 0 : operands.length / steps / plans;
  let literal = 0;
  for (let term = 0; term < terms; term++) {
    const length = plan.termLengths[term];
    const flags = length === undefined ? IDLE_FOLD : plan.foldFlags.subarray(term * FOLD_FLAGS);
    for (let flag = 0; flag < FOLD_FLAGS; flag++) {
      tensors.foldFlags[(term * FOLD_FLAGS + flag) * plans + at] = flags[flag]!;
    }
    for (
      let step = termStarts[term]!;
      step < termStarts[term]! + (length ?? 0);
      step++, literal++
    ) {
      const operand = plan.operands.subarray(literal * width, (literal + 1) * width);
      operands.set(operand, (step * plans + at) * width);
      for (let flag = 0; flag < LITERAL_FLAGS; flag++) {
        tensors.literalFlags[(step * LITERAL_FLAGS + flag) * plans + at] =
          plan.literalFlags[literal * LITERAL_FLAGS + flag]!;
      }
    }
  }
  tensors.complements[at] = plan.complement;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);
