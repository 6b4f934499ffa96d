import { STEP, STEPS_TOGETHER } from "../../kernels/search/batch-words.ts";
import {
  EMPTY_PROGRAM,
  FOLD_FLAGS,
  type EncodedPlan,
  type EncodedProgram,
} from "../../eligibility/plan-tensors.ts";

/**
 * A plan as the masked scan's words (kernels/search/batch-words.ts): steps of the scan, whether
 * its result is complemented, the same of the check; then the steps, three words each.
 */
export function packPlan(plan: EncodedPlan): readonly number[] {
  const known = packed.get(plan);
  if (known !== undefined) return known;
  const { scan, check } = plan;
  const scanSteps = steps(scan, 1);
  while (scanSteps.length % (3 * STEPS_TOGETHER) !== 0) scanSteps.push(0, 0, STEP.idle);
  const checkSteps = check === null ? [] : steps(check, 2);
  const words = [
    scanSteps.length / 3,
    scan.complement >>> 0,
    checkSteps.length / 3,
    (check?.complement ?? 0) >>> 0,
    ...scanSteps,
    ...checkSteps,
  ];
  packed.set(plan, words);
  return words;
}

const packed = new WeakMap<EncodedPlan, readonly number[]>();

/** True of every item. */
export const OPEN_PLAN: EncodedPlan = { scan: EMPTY_PROGRAM, check: null };

function steps(
  { operands, literalFlags, termLengths, foldFlags }: EncodedProgram,
  width: 1 | 2,
): number[] {
  const words: number[] = [];
  let literal = 0;
  for (const [term, length] of termLengths.entries()) {
    for (let step = 0; step < length; step++, literal++) {
      const first = literal * width;
      let flags = 0;
      if (literalFlags[2 * literal] !== 0) flags |= STEP.before;
      if (literalFlags[2 * literal + 1] !== 0) flags |= STEP.operand;
      if (step === length - 1) flags |= foldsOf(foldFlags.subarray(term * FOLD_FLAGS));
      words.push(operands[first]! >>> 0, width === 2 ? operands[first + 1]! >>> 0 : 0, flags);
    }
  }
  return words;
}

/** @param folds before and operand of the clause's fold, of the result's, whether the clause goes on, ends. */
function foldsOf(folds: Int8Array): number {
  const bits = [
    STEP.clauseBefore,
    STEP.clauseOperand,
    STEP.resultBefore,
    STEP.resultOperand,
    0,
    STEP.endsClause,
  ];
  return bits.reduce((flags, bit, at) => (folds[at] === 0 ? flags : flags | bit), STEP.endsTerm);
}
