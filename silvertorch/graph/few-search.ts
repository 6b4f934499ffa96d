import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import type { StoredTensor } from "../../src/onnx/weights-file.ts";
import { minusInfinity } from "./candidates.ts";
import { type ExclusionInputs, withoutHidden } from "./exclusion.ts";
import type { FewEligible } from "./few-eligible.ts";
import { bestOf, type Order, type Ranked } from "../../src/onnx/top-k.ts";

/** What is searched among, and for what. */
export interface FewSearch {
  /** float32 [batch, heads x dim] */
  readonly queries: Value;
  readonly heads: number;
  /** float32 [places, dim], by row */
  readonly items: StoredTensor;
  readonly excluded: ExclusionInputs;
  /** int32 [hidden]: rows that no request may get; null: each excludes them by itself. */
  readonly hidden: Value | null;
  /** int64 [1]: places of a list. */
  readonly k: Value;
  readonly order: Order;
}

/**
 * The k best of each request among what is eligible for it, of one list: only that is scored, and
 * no product of all is made.
 */
export function fewSearch(
  graph: GraphBuilder,
  { requests, rows }: FewEligible,
  search: FewSearch,
): Ranked {
  const batch = graph.node("Shape", [search.queries], { attributes: { start: 0, end: 1 } });
  const values = withoutExcluded(graph, { requests, rows }, { batch, ...search });
  const one = graph.constant("int64", [1], BigInt64Array.of(1n));
  const pairs = graph.node("Shape", [rows]);
  const counts = graph.node(
    "ScatterElements",
    [filled(graph, 0, batch), requests, graph.node("Expand", [one, pairs])],
    { attributes: { axis: 0, reduction: "add" } },
  );
  const starts = graph.node("CumSum", [counts, scalar(graph, 0)], { attributes: { exclusive: 1 } });
  const nth = graph.node("Range", [scalar(graph, 0), graph.reshape(pairs), scalar(graph, 1)]);
  const place = graph.node("Sub", [nth, graph.node("Gather", [starts, requests])]);
  const at = graph.node("Concat", [column(graph, requests), column(graph, place)], {
    attributes: { axis: 1 },
  });
  const longest = graph.reshape(
    graph.node("ReduceMax", [counts, graph.ints(0)], { attributes: { keepdims: 0 } }),
    1,
  );
  const width = graph.node("Max", [longest, search.k]);
  const shape = graph.node("Concat", [batch, width], { attributes: { axis: 0 } });
  const nothing = graph.node("Expand", [minusInfinity(graph), shape]);
  const best = bestOf(
    graph,
    graph.node("ScatterND", [nothing, at, values]),
    search.k,
    { topK: "ofAny" },
    search.order,
  );
  const listed = graph.node("ScatterND", [filled(graph, 0, shape), at, rows]);
  return {
    values: best.values,
    rows: graph.node("GatherElements", [listed, best.rows], { attributes: { axis: 1 } }),
  };
}

interface Pairs {
  readonly requests: Value;
  readonly rows: Value;
}

/** float32 [pairs]: the scores, over several heads the largest. */
function pairScores(
  graph: GraphBuilder,
  { requests, rows }: Pairs,
  { queries, heads, items }: FewSearch,
): Value {
  const dim = items.dims[1]!;
  const embeddings = graph.node("Gather", [graph.weight(items), rows]);
  const asked = graph.node("Gather", [graph.reshape(queries, 0, heads, dim), requests]);
  const products = graph.node("Mul", [asked, graph.node("Unsqueeze", [embeddings, graph.ints(1)])]);
  const scores = graph.node("ReduceSum", [products, graph.ints(2)], {
    attributes: { keepdims: 0 },
  });
  return heads === 1
    ? graph.reshape(scores, -1)
    : graph.node("ReduceMax", [scores, graph.ints(1)], { attributes: { keepdims: 0 } });
}

/** The scores, -inf of what is hidden from all. */
function visibleScores(graph: GraphBuilder, pairs: Pairs, search: FewSearch): Value {
  const scores = pairScores(graph, pairs, search);
  const { items, hidden } = search;
  if (hidden === null) return scores;
  const some = graph.subgraph("hiding");
  const zero = some.constant("float32", [], Float32Array.of(0));
  const nowhere = some.node("Expand", [zero, some.ints(items.dims[0]!)]);
  const penalty = some.node("Gather", [withoutHidden(some, nowhere, hidden), pairs.rows]);
  some.output("values", some.node("Add", [scores, penalty]), "float32", ["pairs"]);
  const none = graph.subgraph("hiding_none");
  none.output("values", scores, "float32", ["pairs"]);
  return graph.node("If", [graph.cast(graph.reshape(graph.node("Shape", [hidden])), "bool")], {
    attributes: { then_branch: some, else_branch: none },
  });
}

/** The scores, -inf of what a request excludes. */
function withoutExcluded(
  graph: GraphBuilder,
  pairs: Pairs,
  search: FewSearch & { readonly batch: Value },
): Value {
  const scores = visibleScores(graph, pairs, search);
  const { items, excluded, batch } = search;
  const some = graph.subgraph("excluding");
  const shape = some.node("Concat", [batch, some.ints(items.dims[0]!)], {
    attributes: { axis: 0 },
  });
  const nowhere = some.node("Expand", [some.constant("float32", [], Float32Array.of(0)), shape]);
  const penalties = some.node("ScatterElements", [nowhere, excluded.rows, excluded.penalties], {
    attributes: { axis: 1, reduction: "add" },
  });
  const at = some.node("Concat", [column(some, pairs.requests), column(some, pairs.rows)], {
    attributes: { axis: 1 },
  });
  const penalty = some.node("GatherND", [penalties, at]);
  some.output("values", some.node("Add", [scores, penalty]), "float32", ["pairs"]);
  const none = graph.subgraph("excluding_none");
  none.output("values", scores, "float32", ["pairs"]);
  const width = graph.node("Shape", [excluded.rows], { attributes: { start: 1, end: 2 } });
  return graph.node("If", [graph.cast(graph.reshape(width), "bool")], {
    attributes: { then_branch: some, else_branch: none },
  });
}

const scalar = (graph: GraphBuilder, value: number): Value =>
  graph.constant("int64", [], BigInt64Array.of(BigInt(value)));

/** int64, of a shape: the same everywhere. */
const filled = (graph: GraphBuilder, value: number, shape: Value): Value =>
  graph.node("Expand", [scalar(graph, value), shape]);

const column = (graph: GraphBuilder, of: Value): Value =>
  graph.node("Unsqueeze", [of, graph.ints(1)]);
