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

/** Vectors of cells that a thread has in registers; longer rows are read again a step. */
const HELD_CELLS = 4;
/** Steps of a check in workgroup memory; those behind are read from the batch. */
const CHECK_STAGED = 32;

/** WGSL: binding 12, the cells of all items of the part, as vectors where rows are whole ones. */
export const cellsBinding = (cells: number): string =>
  `@group(0) @binding(12) var<storage, read> cells: array<${cells % 4 === 0 ? "vec4<i32>" : "i32"}>;`;

/**
 * WGSL `checked(program, first_cell) -> bool`: the same for one item, by ranges of its cells; and
 * `stage_check(program, thread)`, to be called by all threads, and a barrier, before it.
 */
export function checkProgram(cells: number, threads: number): string {
  const vectors = Math.ceil(cells / 4);
  const held = vectors <= HELD_CELLS;
  const quad = (vector: string): string =>
    cells % 4 === 0
      ? `cells[first_cell / 4u + ${vector}]`
      : `vec4<i32>(${[0, 1, 2, 3].map((n) => `cells[first_cell + min(${vector} * 4u + ${n}u, ${cells - 1}u)]`).join(", ")})`;
  const all = Array.from({ length: vectors }, (_, vector) => vector);
  const isIn = (quadOf: string): string =>
    `any((${quadOf} >= vec4<i32>(low)) & (${quadOf} <= vec4<i32>(high)))`;
  return /* wgsl */ `
/** Of each step its range and its flags. */
var<workgroup> staged_check: array<vec4<u32>, ${CHECK_STAGED}>;

fn check_steps(program: u32) -> u32 {
  return program + ${PROGRAM.steps}u + batch[program + ${PROGRAM.scanSteps}u] * ${STEP_WORDS}u;
}
fn check_step(at: u32) -> vec4<u32> { return vec4<u32>(batch[at], batch[at + 1u], batch[at + 2u], 0u); }

fn stage_check(program: u32, thread: u32) {
  let count = min(batch[program + ${PROGRAM.checkSteps}u], ${CHECK_STAGED}u);
  for (var s = thread; s < count; s += ${threads}u) {
    staged_check[s] = check_step(check_steps(program) + s * ${STEP_WORDS}u);
  }
}

fn checked(program: u32, first_cell: u32) -> bool {
  let count = batch[program + ${PROGRAM.checkSteps}u];
  ${held ? all.map((vector) => `let cells${vector} = ${quad(`${vector}u`)};`).join("\n  ") : ""}
  var registers = Registers(ALL, ALL, ALL);
  for (var s = 0u; s < count; s++) {
    var step: vec4<u32>;
    if (s < ${CHECK_STAGED}u) { step = staged_check[s]; }
    else { step = check_step(check_steps(program) + s * ${STEP_WORDS}u); }
    let low = bitcast<i32>(step.x);
    let high = bitcast<i32>(step.y);
    ${
      held
        ? `let some = ${all.map((vector) => isIn(`cells${vector}`)).join(" || ")};`
        : `var some = false;
    for (var vector = 0u; vector < ${vectors}u; vector++) {
      let here = ${quad("vector")};
      some = some || ${isIn("here")};
    }`
    }
    registers = folded(registers, select(0u, ALL, some), step.z);
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
