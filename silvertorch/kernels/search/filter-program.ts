import { PROGRAM, STEP, STEP_WORDS, STEPS_TOGETHER } from "./batch-words.ts";

/** Steps of a program in workgroup memory at a time. */
const STAGED = 64;

/**
 * WGSL that works off a program of three registers (eligibility/plan-tensors.ts), a word of 32
 * items a thread: `eligible(program, block, word, thread, is_staged) -> u32` of the words of a
 * cluster, whose bitmaps begin at `block`. Its steps are staged in workgroup memory, and the reads
 * of several of them are under way together. To be called by all threads; a short program that was
 * staged for the words before need not be again.
 */
export function scanProgram(words: number, threads: number): string {
  const group = Array.from({ length: STEPS_TOGETHER }, (_, n) => n);
  return /* wgsl */ `
${REGISTERS}
/** Of each step where its row begins in a block, and its flags. */
var<workgroup> staged: array<vec2<u32>, ${STAGED}>;

fn eligible(program: u32, block: u32, word: u32, thread: u32, is_staged: bool) -> u32 {
  var registers = Registers(ALL, ALL, ALL);
  let count = batch[program + ${PROGRAM.scanSteps}u];
  let at = block + min(word, ${words - 1}u);
  for (var first = 0u; first < count; first += ${STAGED}u) {
    let here = min(count - first, ${STAGED}u);
    if (!is_staged || count > ${STAGED}u) {
      workgroupBarrier();
      for (var s = thread; s < here; s += ${threads}u) {
        let step = program + ${PROGRAM.steps}u + (first + s) * ${STEP_WORDS}u;
        staged[s] = vec2<u32>(batch[step] * ${words}u, batch[step + 2u]);
      }
      workgroupBarrier();
    }
    for (var s = 0u; s < here; s += ${STEPS_TOGETHER}u) {
      ${group.map((n) => `let word${n} = bitmaps[at + staged[s + ${n}u].x];`).join("\n      ")}
      ${group.map((n) => `registers = folded(registers, word${n}, staged[s + ${n}u].y);`).join("\n      ")}
    }
  }
  // No complement may make eligible what is no item: row 0 holds those that there are.
  let bits = (registers.result ^ batch[program + ${PROGRAM.scanComplement}u]) & bitmaps[at];
  return select(0u, bits, word < ${words}u);
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
