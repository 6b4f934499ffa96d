import type { ModelSpec } from "../../../src/retrieval/model-spec.ts";
import { tableSlots } from "../../kernels/ranking/union.ts";

/** What a stage must move and compute. */
export interface Work {
  readonly bytes: number;
  /** Multiplications and additions, each counted. */
  readonly operations: number;
}

export interface WorkShape {
  readonly requests: number;
  readonly places: number;
  readonly k: number;
  readonly dim: number;
  readonly recordBytes: number;
}

/** The least that each stage of a batch must do, if no two heads hold the same item. */
export function rankingWork(model: ModelSpec, shape: WorkShape): Map<string, Work> {
  const { requests, places, k, dim, recordBytes } = shape;
  const listed = model.heads * places;
  const candidates = requests * listed;
  const hidden = model.tower.kind === "mlp" ? model.tower.hidden : [];
  const widths = [dim, ...hidden, model.heads * dim];
  const tower = widths.slice(1).reduce((sum, width, at) => sum + width * widths[at]!, 0);
  const { ofUser, ofCandidate } = overArchProducts(model, dim);
  return new Map<string, Work>([
    [
      "fused.tower",
      { bytes: 4 * (tower + requests * widths[0]!), operations: 2 * requests * tower },
    ],
    ["fused.union", { bytes: requests * (16 * listed + 16 * tableSlots(listed)), operations: 0 }],
    ["fused.users", { bytes: 4 * ofUser, operations: 2 * requests * ofUser }],
    [
      "fused.values",
      { bytes: candidates * (recordBytes + 12), operations: 2 * candidates * ofCandidate },
    ],
    ["fused.best", { bytes: candidates * 4 + 8 * requests * k, operations: 0 }],
  ]);
}

/** Multiply-adds of an OverArch: once a user, and for each candidate. */
function overArchProducts(
  { overarch, mol, mlp, tasks, heads }: ModelSpec,
  userDim: number,
): { ofUser: number; ofCandidate: number } {
  const count = tasks?.length ?? 1;
  if (overarch === "mol" && mol !== undefined) {
    const { userGroups, itemGroups, dim, gateHidden } = mol;
    const pairs = userGroups * itemGroups;
    return {
      ofUser: userDim * (userGroups * dim + count * gateHidden) + count * gateHidden * pairs,
      ofCandidate: pairs * dim + 2 * count * pairs * gateHidden,
    };
  }
  if (overarch === "mlp" && mlp !== undefined) {
    const widths = [...mlp.hidden, count];
    const rest = widths.slice(1).reduce((sum, width, at) => sum + width * widths[at]!, 0);
    return { ofUser: userDim * widths[0]!, ofCandidate: heads * widths[0]! + rest };
  }
  return { ofUser: 0, ofCandidate: 0 };
}
