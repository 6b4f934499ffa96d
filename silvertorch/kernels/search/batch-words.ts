import type { SearchShape } from "./search-shape.ts";

/**
 * A batch as the search's kernels read it: one buffer of words, so that one write takes it up. The
 * header's words say how much there is and where the sections begin.
 */
export const HEADER = {
  requests: 0,
  /** requests x heads */
  lists: 1,
  /** Clusters of each list, of each open one where they are not alike; of all clusters there are no probes. */
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
  /** Whether pairs will be brought together by cluster, and how: see `GROUPED`. */
  grouped: 10,
  /** 1 if every list looks into as many clusters. */
  alike: 11,
  /** Lists and clusters that they look into, all together. */
  pairs: 12,
  /** Of each request and one more, its first pair: see `pairText`. */
  pairsOf: 13,
  /** Of each request, its row of what filters add to clusters' scores; where nothing is added, 0 stands here. */
  bonusOf: 14,
  /** Where what tells of fresh items begins, see `FRESH`; 0: there are none. */
  freshOf: 15,
} as const;

export const HEADER_WORDS = 16;

/**
 * Of fresh items, how many there are and how many of them each request wants, the largest k; then of
 * each request the first of the words that have a bit for each item that it may get, 0: it may get none.
 */
export const FRESH = { count: 0, wanted: 1, openOf: 2 } as const;

/** How pairs are brought together: see group-pairs.ts. */
export const GROUPED = { not: 0, sorted: 1, chained: 2 } as const;

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

/**
 * WGSL: which pairs of a list and a cluster are whose. A list's lie side by side, and so do those of
 * a request, whose heads look into as many clusters each; another request may look into more.
 */
export const pairText = ({ heads }: Pick<SearchShape, "heads">): string => /* wgsl */ `
fn probes_of(list: u32) -> u32 {
  if (alike() != 0u) { return probes(); }
  let request = list / ${heads}u;
  return (batch[pairsOf() + request + 1u] - batch[pairsOf() + request]) / ${heads}u;
}
fn first_pair(list: u32) -> u32 {
  if (alike() != 0u) { return list * probes(); }
  return batch[pairsOf() + list / ${heads}u] + (list % ${heads}u) * probes_of(list);
}
fn list_of(pair: u32) -> u32 {
  if (alike() != 0u) { return pair / probes(); }
  // The last request whose pairs do not begin after it.
  var request = 0u;
  var after = requests();
  while (after - request > 1u) {
    let middle = (request + after) / 2u;
    if (batch[pairsOf() + middle] <= pair) { request = middle; } else { after = middle; }
  }
  let first = request * ${heads}u;
  return first + (pair - batch[pairsOf() + request]) / probes_of(first);
}
`;
