import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import { NORM_FLOOR } from "../../src/retrieval/over-arch/mol.ts";
import { denseLayers, type LayerWeights } from "./dense-layer.ts";
import { gathered, type ItemTable } from "./item-table.ts";
import type { OverArchInputs } from "./over-arch-inputs.ts";

/**
 * A mixture of logits (src/retrieval/over-arch/mol.ts has the formulas). Pairs of components are
 * kept item component by item component, p = j P_u + i, as a product of all items' components with
 * a user's gives them; the weights are stored in that order.
 */
export interface MolWeights {
  readonly kind: "mol";
  readonly userGroups: number;
  readonly itemGroups: number;
  /** d' */
  readonly dim: number;
  readonly temperature: number;
  readonly userComponents: LayerWeights;
  /** float32 [items, P_x d']: normalised. */
  readonly itemComponents: ItemTable;
  /** float32 [items, T P]: the items' part of the gates, task after task. */
  readonly itemGates: ItemTable;
  /** One a task. */
  readonly gates: readonly {
    readonly user: readonly LayerWeights[];
    readonly cross: readonly LayerWeights[];
  }[];
}

/** The logit of each task: float32 [batch, candidates] each. */
export function molLogits(
  graph: GraphBuilder,
  mol: MolWeights,
  { features, rows }: OverArchInputs,
): Value[] {
  const { dim, gates } = mol;
  const users = userComponents(graph, mol, features);
  const items = graph.reshape(gathered(graph, mol.itemComponents, rows), 0, -1, dim);
  const products = graph.node("FusedMatMul", [items, users], {
    attributes: { transB: 1 },
    domain: "com.microsoft",
  });
  const delta = graph.reshape(products, -1, mol.userGroups * mol.itemGroups);
  const perCandidate = graph.node("Concat", [graph.node("Shape", [rows]), graph.ints(-1)], {
    attributes: { axis: 0 },
  });
  const byCandidate = (value: Value): Value => graph.node("Reshape", [value, perCandidate]);
  const itemGates = gathered(graph, mol.itemGates, rows);
  const ofItem =
    gates.length === 1
      ? [itemGates]
      : graph.nodes("Split", [itemGates], gates.length, {
          attributes: { axis: -1, num_outputs: gates.length },
        });
  const deltas = byCandidate(delta);
  return gates.map(({ user, cross }, task) => {
    const ofUser = graph.node("Unsqueeze", [denseLayers(graph, features, user), graph.ints(1)]);
    const ofBoth = byCandidate(denseLayers(graph, delta, cross));
    const gate = graph.node("Add", [graph.node("Add", [ofBoth, ofItem[task]!]), ofUser]);
    const shares = graph.node("Softmax", [gate], { attributes: { axis: -1 } });
    return graph.node("ReduceSum", [graph.node("Mul", [shares, deltas]), graph.ints(-1)], {
      attributes: { keepdims: 0 },
    });
  });
}

/** float32 [batch, P_u, d']: each component of length 1 / temperature. */
function userComponents(graph: GraphBuilder, mol: MolWeights, features: Value): Value {
  const float = (value: number): Value => graph.constant("float32", [], Float32Array.of(value));
  const components = graph.reshape(
    denseLayers(graph, features, [mol.userComponents]),
    0,
    mol.userGroups,
    mol.dim,
  );
  const norms = graph.node("ReduceL2", [components, graph.ints(-1)]);
  const lengths = graph.node("Mul", [
    graph.node("Max", [norms, float(NORM_FLOOR)]),
    float(mol.temperature),
  ]);
  return graph.node("Div", [components, lengths]);
}
