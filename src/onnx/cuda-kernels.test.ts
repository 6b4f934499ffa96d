import { expect, test } from "vitest";
import { requireKernels } from "./cuda-kernels.ts";
import { GraphBuilder } from "./graph-builder.ts";

test("a graph for CUDA with an operator that it lacks is refused, in a branch too", () => {
  const graph = new GraphBuilder("g");
  const x = graph.input("x", "int32", ["n"]);
  const inner = graph.subgraph("branch");
  inner.output("y", inner.node("BitwiseAnd", [x, x]), "int32", ["n"]);
  graph.node("Add", [x, x]);
  expect(() => requireKernels(graph, "cpu")).not.toThrow();
  expect(() => requireKernels(graph, "cuda")).toThrow("CUDA has no kernel for BitwiseAnd");
});
