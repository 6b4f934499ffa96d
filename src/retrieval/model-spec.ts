/**
 * The retrieval model both systems compute, as a scenario states it. Weights follow from `seed`
 * (Gaussian over sqrt(fan-in)), so the spec alone rebuilds the same model anywhere.
 */
export interface ModelSpec {
  /** Query heads of the user tower, 1 .. 64. */
  readonly heads: number;
  /** K0: candidates kept per head before the union; at least k. */
  readonly candidates: number;
  /** `identity`: the user's features are the query vector (heads 1, user dim = item dim). */
  readonly tower:
    | { readonly kind: "identity" }
    | { readonly kind: "mlp"; readonly hidden: readonly number[] };
  /** The learned similarity that scores the candidates for every task. */
  readonly overarch: "none" | "mlp" | "mol";
  /** Names of the tasks that an OverArch scores, 1 .. 16; absent: `task`. None without an OverArch. */
  readonly tasks?: readonly string[] | undefined;
  /** Sizes where `overarch` is `mol`; absent: `DEFAULT_MOL`. */
  readonly mol?: MolSpec | undefined;
  /** Sizes where `overarch` is `mlp`; absent: `DEFAULT_MLP`. */
  readonly mlp?: MlpSpec | undefined;
  /** Value Model: a formula (see formula/grammar) over the tasks, the score and the item's columns. */
  readonly value: string;
  readonly seed: number;
}

/** Sizes of a mixture of logits. */
export interface MolSpec {
  /** P_u: components of a user. */
  readonly userGroups: number;
  /** P_x: components of an item. */
  readonly itemGroups: number;
  /** d': dimensions of a component. */
  readonly dim: number;
  /** Width of the hidden layer of the user gate and of the cross gate. */
  readonly gateHidden: number;
  /** What the cosine of two components is divided by to become a logit. */
  readonly temperature: number;
}

/** Sizes of an MLP. */
export interface MlpSpec {
  /** Widths of the hidden layers, at least one. */
  readonly hidden: readonly number[];
}

/** 8 x 4 components and the temperature of the published configuration for ML-1M. */
export const DEFAULT_MOL: MolSpec = {
  userGroups: 8,
  itemGroups: 4,
  dim: 32,
  gateHidden: 128,
  temperature: 0.05,
};

export const DEFAULT_MLP: MlpSpec = { hidden: [128, 64] };

/** The most tasks an OverArch scores. */
export const MAX_TASKS = 16;

/** The tasks of a model, in the order of its logits; empty without an OverArch. */
export function tasksOf({
  overarch,
  tasks,
}: Pick<ModelSpec, "overarch" | "tasks">): readonly string[] {
  return overarch === "none" ? [] : (tasks ?? ["task"]);
}
