import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import { leastOf, type Ranked } from "../../src/onnx/top-k.ts";

/** Two ways to the same lists, of which a batch takes one. */
export interface Fork {
  readonly name: string;
  /** bool [] */
  readonly condition: Value;
  /** Lists of a request; 1: they have no dimension for it. */
  readonly lists: number;
  readonly yes: (branch: GraphBuilder) => Ranked;
  readonly no: (branch: GraphBuilder) => Ranked;
}

/** Only the way taken is computed. */
export function either(graph: GraphBuilder, { name, condition, lists, yes, no }: Fork): Ranked {
  const shape = lists === 1 ? ["batch", "k"] : ["batch", lists, "k"];
  const branch = (label: string, make: (branch: GraphBuilder) => Ranked): GraphBuilder => {
    const inner = graph.subgraph(label);
    const { values, rows } = make(inner);
    inner.output("values", values, "float32", shape);
    inner.output("rows", rows, "int64", shape);
    return inner;
  };
  const [values, rows] = graph.nodes("If", [condition], 2, {
    attributes: { then_branch: branch(name, yes), else_branch: branch(`not_${name}`, no) },
  });
  return { values: values!, rows: rows! };
}

/** int64 [1]: how many scores of a list are above the least value that it holds, at most, and 1. */
export function mostAbove(graph: GraphBuilder, scores: Value, held: Value): Value {
  const above = graph.cast(graph.node("Greater", [scores, leastOf(graph, held)]), "int32");
  const counts = graph.node("ReduceSum", [above, graph.ints(-1)], { attributes: { keepdims: 0 } });
  const most = graph.node("ReduceMax", [counts], { attributes: { keepdims: 0 } });
  return graph.reshape(graph.node("Max", [graph.cast(most, "int64"), graph.ints(1)]), 1);
}
