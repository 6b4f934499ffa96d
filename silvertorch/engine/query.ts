import type { EncodedPlan } from "../eligibility/plan-tensors.ts";

/** A request in terms of rows, as an engine takes it. */
export interface EngineQuery {
  readonly user:
    | { readonly kind: "row"; readonly row: number }
    | { readonly kind: "features"; readonly features: Float32Array }
    | { readonly kind: "vectors"; readonly vectors: Float32Array };
  readonly k: number;
  /** null: every item is eligible. Equal filters share one plan object. */
  readonly plan: EncodedPlan | null;
  /** Rows that must not be returned. */
  readonly exclude: Uint32Array;
  /**
   * Which fresh items may be returned; absent: all where they are ranked along, and none where they are
   * scored beside the answer. Queries that may get the same share one.
   */
  readonly freshOpen?: FreshOpen;
}

/** Which of some fresh items may be returned. */
export interface FreshOpen {
  readonly count: number;
  /** A bit an item, 32 a word from the lowest on; none behind the last item. */
  readonly words: Uint32Array;
}

/** Best first: value descending, row ascending; fewer than k only where fewer are eligible. */
export interface EngineAnswer {
  /** Fresh items that are ranked along have the rows behind the compiled ones. */
  readonly rows: Uint32Array;
  readonly values: Float32Array;
  /** Of fresh items that are scored beside the answer: of those in `freshSlots`. */
  readonly freshScores: Float32Array;
  /**
   * Places among the fresh items, best first, of equal scores the first first; null: of all, in their
   * order, whether they may be returned or not.
   */
  readonly freshSlots: Int32Array | Uint32Array | null;
  /** Whether a check took out of a list what a longer one would have replaced. */
  readonly starved: boolean;
}
