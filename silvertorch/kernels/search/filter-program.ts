import { PROGRAM, STEP, STEP_WORDS, STEPS_TOGETHER } from "./batch-words.ts";

/**
 * WGSL that works off a program of three registers (eligibility/plan-tensors.ts), a word of 32
 * items a thread: `eligible(program, at) -> u32`, where `at` is the word of the cluster's block in
 * `bitmaps` at row 0. A program's reads come in groups, all of a group under way together.
 */
export function scanProgram(words: number): string {
  const group = Array.from({ length: STEPS_TOGETHER }, (_, n) => n);
  return /* wgsl */ `
${REGISTERS}
fn eligible(program: u32, at: u32) -> u32 {
  var registers = Registers(ALL, ALL, ALL);
  let count = batch[program + ${PROGRAM.scanSteps}u];
  let steps = program + ${PROGRAM.steps}u;
  for (var s = 0u; s < count; s += ${STEPS_TOGETHER}u) {
    let first = steps + s * ${STEP_WORDS}u;
    ${group.map((n) => `let word${n} = bitmaps[at + batch[first + ${n * STEP_WORDS}u] * ${words}u];`).join("\n    ")}
    ${group.map((n) => `registers = folded(registers, word${n}, batch[first + ${n * STEP_WORDS + 2}u]);`).join("\n    ")}
  }
  // No complement may make eligible what is no item: row 0 holds those that there are.
  return (registers.result ^ batch[program + ${PROGRAM.scanComplement}u]) & bitmaps[at];
}
`;
}

/** WGSL `checked(program, first_cell) -> bool`: the same for one item, by ranges of its cells. */
export function checkProgram(cells: number): string {
  return /* wgsl */ `
fn checked(program: u32, first_cell: u32) -> bool {
  let count = batch[program + ${PROGRAM.checkSteps}u];
  let steps = program + ${PROGRAM.steps}u + batch[program + ${PROGRAM.scanSteps}u] * ${STEP_WORDS}u;
  var registers = Registers(ALL, ALL, ALL);
  for (var s = 0u; s < count; s++) {
    let at = steps + s * ${STEP_WORDS}u;
    let low = bitcast<i32>(batch[at]);
    let high = bitcast<i32>(batch[at + 1u]);
    var some = false;
    for (var c = 0u; c < ${cells}u; c++) {
      let cell = cells[first_cell + c];
      some = some || (cell >= low && cell <= high);
    }
    registers = folded(registers, select(0u, ALL, some), batch[at + 2u]);
  }
  return (registers.result ^ batch[program + ${PROGRAM.checkComplement}u]) != 0u;
}
`;
}

const REGISTERS = /* wgsl */ `
const ALL = 0xffffffffu;
struct Registers { term: u32, clause: u32, result: u32 }
fn mask(flags: u32, bit: u32) -> u32 { return select(0u, ALL, (flags & bit) != 0u); }
fn folded(before: Registers, operand: u32, flags: u32) -> Registers {
  var r = before;
  if ((flags & ${STEP.idle}u) != 0u) { return r; }
  r.term = (r.term ^ mask(flags, ${STEP.before}u)) & (operand ^ mask(flags, ${STEP.operand}u));
  if ((flags & ${STEP.endsTerm}u) == 0u) { return r; }
  r.clause = (r.clause ^ mask(flags, ${STEP.clauseBefore}u)) & (r.term ^ mask(flags, ${STEP.clauseOperand}u));
  r.term = ALL;
  if ((flags & ${STEP.endsClause}u) == 0u) { return r; }
  r.result = (r.result ^ mask(flags, ${STEP.resultBefore}u)) & (r.clause ^ mask(flags, ${STEP.resultOperand}u));
  r.clause = ALL;
  return r;
}
`;
