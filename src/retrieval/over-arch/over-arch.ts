import type { Random } from "../../math/random.ts";
import { DEFAULT_MLP, DEFAULT_MOL, tasksOf, type ModelSpec } from "../model-spec.ts";
import { createMlp, type MlpOverArch } from "./mlp.ts";
import { createMol, type MolOverArch } from "./mol.ts";

/**
 * The learned similarity that scores candidates: T task logits from
 *
 * - u [userDim]: the user's features,
 * - x [itemDim]: an item's embedding followed by its dense features,
 * - s [heads]: the item's inner product with each head's query vector (an MLP reads it, MoL not).
 *
 * All that depends on the item alone is the embedding cache (see embedding-cache).
 */
export type OverArch = MolOverArch | MlpOverArch;

/** Dimensions that an OverArch's weights depend on. */
export interface OverArchDims {
  readonly userDim: number;
  /** Item embedding and dense features together. */
  readonly itemDim: number;
  readonly heads: number;
}

/** The OverArch of a spec with its weights; null where it has none. */
export function createOverArch(
  spec: ModelSpec,
  dims: OverArchDims,
  random: Random,
): OverArch | null {
  const tasks = tasksOf(spec).length;
  switch (spec.overarch) {
    case "none":
      return null;
    case "mol":
      return createMol({ spec: spec.mol ?? DEFAULT_MOL, tasks, ...dims, random });
    case "mlp":
      return createMlp({ spec: spec.mlp ?? DEFAULT_MLP, tasks, ...dims, random });
  }
}
