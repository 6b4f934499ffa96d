import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import type { StoredTensor } from "../../src/onnx/weights-file.ts";

/** Something of each item: a tensor of the artifact or, of fresh items, an input of the graph. */
export type ItemTable = StoredTensor | Value;

export const tableOf = (graph: GraphBuilder, table: ItemTable): Value =>
  typeof table === "string" ? table : graph.weight(table);
