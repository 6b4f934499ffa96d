import type { MlpOverArch } from "../../src/retrieval/over-arch/mlp.ts";
import type { GraphWriter } from "../graph-writer.ts";

// An MLP over user, item and inner products (src/retrieval/over-arch/mlp.ts has the formulas) in
// two graphs: what an item alone determines, and the rest.

/** x [items, itemDim] -> hidden [items, width], and the embedding [items, dim] that x begins with. */
export async function writeMlpItems(
  writer: GraphWriter,
  { first, itemDim }: MlpOverArch,
  dim: number,
): Promise<void> {
  const { graph } = writer;
  const items = graph.input("items", "float32", ["items", itemDim]);
  const weights = await writer.weight("hidden", [itemDim, first.width], first.item);
  const hidden = graph.node("MatMul", [items, weights]);
  graph.output("hidden", hidden, "float32", ["items", first.width]);
  const bounds = [graph.ints(0), graph.ints(dim), graph.ints(1)];
  graph.output("embedding", graph.node("Slice", [items, ...bounds]), "float32", ["items", dim]);
}

/**
 * features [B, userDim], vectors [B, heads, dim], hidden [B, C, width], embedding [B, C, dim] of C
 * candidates a user -> logits [T, B, C].
 */
export async function writeMlpLogits(
  writer: GraphWriter,
  mlp: MlpOverArch,
  dim: number,
): Promise<void> {
  const { first, rest, userDim, heads, tasks } = mlp;
  const { width } = first;
  const { graph } = writer;
  const features = graph.input("features", "float32", ["users", userDim]);
  const vectors = graph.input("vectors", "float32", ["users", heads, dim]);
  const ofItem = graph.input("hidden", "float32", ["users", "cands", width]);
  const embedding = graph.input("embedding", "float32", ["users", "cands", dim]);
  const userLayer = { weights: first.user, bias: first.bias, inDim: userDim, outDim: width };
  const ofUser = await writer.dense("user", features, [{ ...userLayer, relu: false }]);
  const products = graph.node("FusedMatMul", [embedding, vectors], {
    attributes: { transB: 1 },
    domain: "com.microsoft",
  });
  const weights = await writer.weight("products", [heads, width], first.products);
  const ofBoth = graph.node("Add", [ofItem, graph.node("MatMul", [products, weights])]);
  const sum = graph.node("Add", [ofBoth, graph.node("Unsqueeze", [ofUser, graph.ints(1)])]);
  const activations = graph.reshape(graph.node("Relu", [sum]), -1, width);
  const logits = await writer.dense("rest", activations, rest);
  const shape = graph.node("Shape", [ofItem], { attributes: { start: 0, end: 2 } });
  const byUser = graph.node("Reshape", [
    logits,
    graph.node("Concat", [shape, graph.ints(tasks)], { attributes: { axis: 0 } }),
  ]);
  const byTask = graph.node("Transpose", [byUser], { attributes: { perm: [2, 0, 1] } });
  graph.output("logits", byTask, "float32", [tasks, "users", "cands"]);
}
