import type { Random } from "../../math/random.ts";
import { gaussianLayers, type DenseLayer } from "../dense-layer.ts";
import type { MolSpec } from "../model-spec.ts";

/**
 * A mixture of logits (Zhai et al., "Revisiting Neural Retrieval on Accelerators", KDD 2023,
 * arXiv 2306.04039; the gate's three parts as in Ding & Zhai, arXiv 2407.15462). For a task t
 *
 *     logit_t(u, x) = sum_p pi_tp(u, x) delta_p(u, x),     p = i P_x + j,  i < P_u,  j < P_x
 *     delta_p = <U_i, X_j> / temperature,                  P = P_u P_x pairs
 *     U = normalised components of u userComponents        [P_u, d']
 *     X = normalised components of x itemComponents        [P_x, d']
 *     pi_t = softmax over p of gate_t.user(u) + gate_t.item(x) + gate_t.cross(delta)
 *
 * A component is divided by max(its L2 norm, `NORM_FLOOR`). The components and delta are shared by
 * the tasks; each task has gates of its own. X and gate_t.item(x) depend on the item alone.
 */
export interface MolOverArch {
  readonly kind: "mol";
  readonly tasks: number;
  readonly userGroups: number;
  readonly itemGroups: number;
  /** d' */
  readonly dim: number;
  readonly temperature: number;
  readonly userDim: number;
  readonly itemDim: number;
  /** [userDim, P_u d'], no ReLU; component i is the outputs `i d' .. (i + 1) d'`. */
  readonly userComponents: DenseLayer;
  /** [itemDim, P_x d'], no ReLU. */
  readonly itemComponents: DenseLayer;
  /** One a task. */
  readonly gates: readonly MolGate[];
}

/** What decides how much each pair of components counts for one task: P numbers from each part. */
export interface MolGate {
  /** [userDim, gateHidden] with ReLU, [gateHidden, P] without. */
  readonly user: readonly DenseLayer[];
  /** [itemDim, P], no ReLU. */
  readonly item: DenseLayer;
  /** [P, gateHidden] with ReLU, [gateHidden, P] without. */
  readonly cross: readonly DenseLayer[];
}

/** The least that a component is divided by: one of zeros stays zeros. */
export const NORM_FLOOR = 1e-6;

export interface MolOptions {
  readonly spec: MolSpec;
  readonly tasks: number;
  readonly userDim: number;
  readonly itemDim: number;
  readonly random: Random;
}

/** A mixture of logits with seeded weights. */
export function createMol({ spec, tasks, userDim, itemDim, random }: MolOptions): MolOverArch {
  const { userGroups, itemGroups, dim, gateHidden, temperature } = spec;
  const pairs = userGroups * itemGroups;
  const layers = (widths: readonly number[], label: string): DenseLayer[] =>
    gaussianLayers(widths, random, `mol.${label}`);
  return {
    kind: "mol",
    tasks,
    userGroups,
    itemGroups,
    dim,
    temperature,
    userDim,
    itemDim,
    userComponents: layers([userDim, userGroups * dim], "user")[0]!,
    itemComponents: layers([itemDim, itemGroups * dim], "item")[0]!,
    gates: Array.from({ length: tasks }, (_, task) => ({
      user: layers([userDim, gateHidden, pairs], `gate.${task}.user`),
      item: layers([itemDim, pairs], `gate.${task}.item`)[0]!,
      cross: layers([pairs, gateHidden, pairs], `gate.${task}.cross`),
    })),
  };
}
