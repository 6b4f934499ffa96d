import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import type { StoredTensor } from "../../src/onnx/weights-file.ts";

/**
 * The features of who asks: looked up in the table of known users that is part of the model, or
 * taken from the request.
 *
 * Inputs: `user_rows` int32 [batch] (any row where the features come along), `has_features` bool
 * [batch, 1], `user_features` float32 [batch, userDim].
 *
 * @param users float32 [users, userDim]
 * @returns float32 [batch, userDim]
 */
export function userFeatures(graph: GraphBuilder, users: StoredTensor): Value {
  const rows = graph.input("user_rows", "int32", ["batch"]);
  const known = graph.node("Gather", [graph.weight(users), rows]);
  const given = graph.input("user_features", "float32", ["batch", users.dims[1]!]);
  const has = graph.input("has_features", "bool", ["batch", 1]);
  return graph.node("Where", [has, given, known]);
}
