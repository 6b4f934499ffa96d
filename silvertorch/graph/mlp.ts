import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import type { StoredTensor } from "../../src/onnx/weights-file.ts";
import { denseLayers, type LayerWeights } from "./dense-layer.ts";
import { gathered, type ItemTable } from "./item-table.ts";
import type { OverArchInputs } from "./over-arch-inputs.ts";

/** An MLP over user, item and inner products (src/retrieval/over-arch/mlp.ts has the formulas). */
export interface MlpWeights {
  readonly kind: "mlp";
  readonly tasks: number;
  /** The first layer's part of the user, with its bias, and before the ReLU. */
  readonly user: LayerWeights;
  /** float32 [items, width]: the items' part of it. */
  readonly itemHidden: ItemTable;
  /** float32 [heads, width]: the inner products' part. */
  readonly products: StoredTensor;
  readonly rest: readonly LayerWeights[];
}

/** The logit of each task: float32 [batch, candidates] each. */
export function mlpLogits(
  graph: GraphBuilder,
  mlp: MlpWeights,
  { features, rows, products }: OverArchInputs,
): Value[] {
  const width = mlp.products.dims[1]!;
  const ofUser = graph.node("Unsqueeze", [denseLayers(graph, features, [mlp.user]), graph.ints(1)]);
  const ofItem = gathered(graph, mlp.itemHidden, rows);
  const ofBoth = graph.node("MatMul", [products(), graph.weight(mlp.products)]);
  const sum = graph.node("Add", [graph.node("Add", [ofItem, ofBoth]), ofUser]);
  const hidden = graph.reshape(graph.node("Relu", [sum]), -1, width);
  const logits = denseLayers(graph, hidden, mlp.rest);
  const shape = graph.node("Concat", [graph.node("Shape", [rows]), graph.ints(mlp.tasks)], {
    attributes: { axis: 0 },
  });
  const perTask = graph.node("Reshape", [logits, shape]);
  return Array.from({ length: mlp.tasks }, (_, task) =>
    graph.node("Gather", [perTask, graph.constant("int64", [], BigInt64Array.of(BigInt(task)))], {
      attributes: { axis: 2 },
    }),
  );
}
