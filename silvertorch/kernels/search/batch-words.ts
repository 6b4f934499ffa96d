/**
 * A batch as the search's kernels read it: one buffer of words, so that one write takes it up. The
 * header's words say how much there is and where the sections begin.
 */
export const HEADER = {
  requests: 0,
  /** requests x heads */
  lists: 1,
  /** Clusters of each list; of all clusters there are no probes. */
  probes: 2,
  /** Places that the search selects. */
  candidates: 3,
  /** Places of a list in the end: fewer than candidates where these are scored again. */
  places: 4,
  /** Lists before this one have no filter. */
  openLists: 5,
  /** Of each request, the first word of its program. */
  programOf: 6,
  /** Of each request and one more, where its excluded rows begin. */
  excludedOf: 7,
  excludedRows: 8,
  excludedCount: 9,
  /** 1 if pairs will be sorted by cluster. */
  grouped: 10,
} as const;

export const HEADER_WORDS = 16;

/** Words of a program before its steps: see pack-programs.ts. */
export const PROGRAM = {
  scanSteps: 0,
  scanComplement: 1,
  checkSteps: 2,
  checkComplement: 3,
  steps: 4,
};
/** Words of a step: two operands and its flags. */
export const STEP_WORDS = 3;
/** Steps of a scan come in so many, the last ones idle, so that their reads are under way together. */
export const STEPS_TOGETHER = 8;

/** Bits of a step's flags: the masks of its folds (eligibility/plan-tensors.ts), and what it ends. */
export const STEP = {
  before: 1,
  operand: 2,
  endsTerm: 4,
  clauseBefore: 8,
  clauseOperand: 16,
  endsClause: 32,
  resultBefore: 64,
  resultOperand: 128,
  idle: 256,
} as const;

/** WGSL: the header's words as functions of the same names. Binding 0 of every kernel of the search. */
export const BATCH_WORDS = /* wgsl */ `
@group(0) @binding(0) var<storage, read> batch: array<u32>;
${Object.entries(HEADER)
  .map(([name, at]) => `fn ${name}() -> u32 { return batch[${at}u]; }`)
  .join("\n")}
`;
