import { PROGRAM, STEP, STEP_WORDS, STEPS_TOGETHER } from "../../kernels/search/batch-words.ts";
import {
  EMPTY_PROGRAM,
  FOLD_FLAGS,
  type EncodedPlan,
  type EncodedProgram,
} from "../../eligibility/plan-tensors.ts";

/**
 * A plan as the masked scan's words (kernels/search/batch-words.ts): steps of the scan, whether
 * its result is complemented, the same of the check; then the steps, three words each. Written in
 * place, number by number: every filter of every batch goes this way.
 */
export function packPlan(plan: EncodedPlan): Uint32Array {
  const known = packed.get(plan);
  if (known !== undefined) return known;
  const { scan, check } = plan;
  const scanned = scan.operands.length;
  const scanSteps = STEPS_TOGETHER * Math.ceil(scanned / STEPS_TOGETHER);
  const checkSteps = check === null ? 0 : check.operands.length / 2;
  const words = new Uint32Array(PROGRAM.steps + STEP_WORDS * (scanSteps + checkSteps));
  words[PROGRAM.scanSteps] = scanSteps;
  words[PROGRAM.scanComplement] = scan.complement;
  words[PROGRAM.checkSteps] = checkSteps;
  words[PROGRAM.checkComplement] = check?.complement ?? 0;
  writeSteps(words, PROGRAM.steps, scan, 1);
  for (let step = scanned; step < scanSteps; step++) {
    words[PROGRAM.steps + step * STEP_WORDS + 2] = STEP.idle;
  }
  if (check !== null) writeSteps(words, PROGRAM.steps + scanSteps * STEP_WORDS, check, 2);
  packed.set(plan, words);
  return words;
}

const packed = new WeakMap<EncodedPlan, Uint32Array>();

/** True of every item. */
export const OPEN_PLAN: EncodedPlan = { scan: EMPTY_PROGRAM, check: null, share: 1 };

/** @param width operands of a step. */
function writeSteps(
  words: Uint32Array,
  first: number,
  { operands, literalFlags, termLengths, foldFlags }: EncodedProgram,
  width: 1 | 2,
): void {
  let at = first;
  let literal = 0;
  for (let term = 0; term < termLengths.length; term++) {
    for (let left = termLengths[term]!; left > 0; left--, literal++) {
      let flags = literalFlags[2 * literal] === 0 ? 0 : STEP.before;
      if (literalFlags[2 * literal + 1] !== 0) flags |= STEP.operand;
      if (left === 1) flags |= foldsOf(foldFlags, term * FOLD_FLAGS);
      words[at] = operands[width * literal]!;
      if (width === 2) words[at + 1] = operands[width * literal + 1]!;
      words[at + 2] = flags;
      at += STEP_WORDS;
    }
  }
}

/** Before and operand of the clause's fold, of the result's, whether the clause goes on, ends. */
const FOLDS = [
  STEP.clauseBefore,
  STEP.clauseOperand,
  STEP.resultBefore,
  STEP.resultOperand,
  0,
  STEP.endsClause,
] as const;

function foldsOf(foldFlags: Int8Array, first: number): number {
  let flags: number = STEP.endsTerm;
  for (let at = 0; at < FOLD_FLAGS; at++) if (foldFlags[first + at] !== 0) flags |= FOLDS[at]!;
  return flags;
}
