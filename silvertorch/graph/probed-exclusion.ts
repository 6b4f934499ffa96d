import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import type { ClusterWeights } from "./cluster-weights.ts";
import type { SearchInputs } from "./exhaustive-search.ts";

interface Probed {
  /** int64 [batch, heads, probes] */
  readonly probed: Value;
  readonly clusters: ClusterWeights;
}

/**
 * Where among the probed items those are that a request excludes: the cluster of each is looked up
 * in a table of the clusters that were probed. One that was not has no place and adds 0 to the
 * first.
 *
 * @returns int64 and float32 [batch, heads, excluded]
 */
export function excludedPlaces(
  graph: GraphBuilder,
  { heads, excluded }: Pick<SearchInputs, "heads" | "excluded">,
  { probed, clusters }: Probed,
): { places: Value; penalties: Value } {
  const [count, width] = clusters.padding.dims as [number, number];
  const scalar = (value: number): Value =>
    graph.constant("int64", [], BigInt64Array.of(BigInt(value)));
  const positions = graph.cast(
    graph.node("Gather", [graph.weight(clusters.positions), excluded.rows]),
    "int64",
  );
  const cluster = graph.node("Div", [positions, scalar(width)]);
  const offset = graph.node("Sub", [positions, graph.node("Mul", [cluster, scalar(width)])]);
  const shape = graph.node("Shape", [probed]);
  const lists = graph.node(
    "Concat",
    [graph.node("Slice", [shape, graph.ints(0), graph.ints(2)]), graph.ints(count)],
    { attributes: { axis: 0 } },
  );
  const last = graph.node("Gather", [shape, scalar(2)]);
  const ranks = graph.node("Expand", [graph.node("Range", [scalar(0), last, scalar(1)]), shape]);
  const nowhere = graph.node("Expand", [scalar(-1), lists]);
  const slots = graph.node("ScatterElements", [nowhere, probed, ranks], {
    attributes: { axis: 2 },
  });
  const perHead = (matrix: Value): Value =>
    graph.node("Expand", [
      graph.node("Unsqueeze", [matrix, graph.ints(1)]),
      graph.ints(1, heads, 1),
    ]);
  const slot = graph.node("GatherElements", [slots, perHead(cluster)], { attributes: { axis: 2 } });
  const missed = graph.node("Less", [slot, scalar(0)]);
  const place = graph.node("Add", [graph.node("Mul", [slot, scalar(width)]), perHead(offset)]);
  const none = graph.constant("float32", [], Float32Array.of(0));
  return {
    places: graph.node("Where", [missed, scalar(0), place]),
    penalties: graph.node("Where", [missed, none, perHead(excluded.penalties)]),
  };
}
