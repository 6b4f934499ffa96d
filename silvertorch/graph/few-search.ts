import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import type { StoredTensor } from "../../src/onnx/weights-file.ts";
import { minusInfinity } from "./candidates.ts";
import { type ExclusionInputs, withoutHidden } from "./exclusion.ts";
import type { FewEligible } from "./few-eligible.ts";
import { bestOf, type Order, type Ranked } from "../../src/onnx/top-k.ts";
import type { Lists } from "./scoring.ts";

/** What is searched among, and for what. */
export interface FewSearch {
  /** float32 [batch, heads x dim] */
  readonly queries: Value;
  readonly heads: number;
  readonly lists: Lists;
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
 * The k best of each list of each request among what is eligible for it: only that is scored, and no
 * product of all is made. One request after the other, since each has as many eligible items as its
 * filter leaves; the embeddings of these are gathered once for all heads.
 *
 * @returns float32 and int64 [batch, k], or [batch, heads, k] where each of several heads has a list.
 */
export function fewSearch(
  graph: GraphBuilder,
  { requests, rows }: FewEligible,
  search: FewSearch,
): Ranked {
  const batch = graph.node("Shape", [search.queries], { attributes: { start: 0, end: 1 } });
  const ends = endsOf(graph, requests, batch);
  const queries = graph.reshape(search.queries, 0, search.heads, search.items.dims[1]!);
  const takesOut = someTakenOut(graph, search);

  const body = graph.subgraph("few_of");
  const request = body.input("request", "int64", []);
  const goOn = body.input("go_on", "bool", []);
  const one = scalar(body, 1);
  const end = body.node("Gather", [ends, body.node("Add", [request, one])]);
  const start = body.node("Gather", [ends, request]);
  const own = body.node("Slice", [rows, body.reshape(start, 1), body.reshape(end, 1)]);
  const asked = body.node("Gather", [queries, request]);
  const scores = scoresOf(body, { rows: own, asked }, search);
  const left = body.node("Add", [scores, penaltiesOf(body, { request, own, takesOut }, search)]);
  const { values, rows: listed } = bestOfFew(body, { values: left, rows: own }, search);
  const shape = isOneList(search) ? ["k"] : [search.heads, "k"];
  body.output("go_on", goOn, "bool", []);
  body.output("values", values, "float32", shape);
  body.output("rows", listed, "int64", shape);

  const always = graph.constant("bool", [], Uint8Array.of(1));
  const [best, of] = graph.nodes("Loop", [graph.reshape(batch), always], 2, {
    attributes: { body },
  });
  return { values: best!, rows: of! };
}

const isOneList = ({ heads, lists }: Pick<FewSearch, "heads" | "lists">): boolean =>
  heads === 1 || lists === "score";

/** int64 [batch + 1]: where the rows of each request end, behind a 0. */
function endsOf(graph: GraphBuilder, requests: Value, batch: Value): Value {
  const ones = graph.node("Expand", [graph.ints(1), graph.node("Shape", [requests])]);
  const places = graph.node("Add", [batch, graph.ints(1)]);
  const counts = graph.node(
    "ScatterElements",
    [
      graph.node("Expand", [scalar(graph, 0), places]),
      graph.node("Add", [requests, graph.ints(1)]),
      ones,
    ],
    { attributes: { axis: 0, reduction: "add" } },
  );
  return graph.node("CumSum", [counts, scalar(graph, 0)]);
}

interface Asked {
  /** int64 [n] */
  readonly rows: Value;
  /** float32 [heads, dim] */
  readonly asked: Value;
}

/** float32 [n], over several heads the largest; or [heads, n], where each has a list. */
function scoresOf(graph: GraphBuilder, { rows, asked }: Asked, search: FewSearch): Value {
  const embeddings = graph.node("Gather", [graph.weight(search.items), rows]);
  // By item: the other way about, what was just gathered would be copied once more to be packed.
  const products = graph.node("FusedMatMul", [embeddings, asked], {
    attributes: { transB: 1 },
    domain: "com.microsoft",
  });
  if (search.heads === 1) return graph.reshape(products, -1);
  if (!isOneList(search)) return graph.node("Transpose", [products]);
  return graph.node("ReduceMax", [products, graph.ints(1)], { attributes: { keepdims: 0 } });
}

/** bool []: whether anything is excluded or hidden. */
function someTakenOut(graph: GraphBuilder, { excluded, hidden }: FewSearch): Value {
  const width = graph.node("Shape", [excluded.rows], { attributes: { start: 1, end: 2 } });
  const both = hidden === null ? width : graph.node("Add", [width, graph.node("Shape", [hidden])]);
  return graph.cast(graph.reshape(both), "bool");
}

interface TakenOut {
  /** int64 [] */
  readonly request: Value;
  /** int64 [n]: its rows. */
  readonly own: Value;
  readonly takesOut: Value;
}

/** float32 [n], or [1]: -inf of what a request excludes and what is hidden from all, else 0. */
function penaltiesOf(
  graph: GraphBuilder,
  { request, own, takesOut }: TakenOut,
  { items, excluded, hidden }: FewSearch,
): Value {
  const some = graph.subgraph("taking_out");
  const zero = some.constant("float32", [], Float32Array.of(0));
  const nowhere = withoutHidden(
    some,
    some.node("Expand", [zero, some.ints(items.dims[0]!)]),
    hidden,
  );
  const penalties = some.node(
    "ScatterElements",
    [
      nowhere,
      some.node("Gather", [excluded.rows, request]),
      some.node("Gather", [excluded.penalties, request]),
    ],
    { attributes: { axis: 0, reduction: "add" } },
  );
  some.output("penalties", some.node("Gather", [penalties, own]), "float32", ["n"]);
  const none = graph.subgraph("taking_none_out");
  none.output("penalties", none.constant("float32", [1], Float32Array.of(0)), "float32", ["n"]);
  return graph.node("If", [takesOut], { attributes: { then_branch: some, else_branch: none } });
}

/** The k best, and -inf where there are fewer. */
function bestOfFew(
  graph: GraphBuilder,
  { values, rows }: Ranked,
  { k, order, ...search }: FewSearch,
): Ranked {
  const lacking = graph.node("Max", [
    graph.node("Sub", [k, graph.node("Shape", [rows])]),
    graph.ints(0),
  ]);
  const lists = isOneList(search) ? [] : [search.heads];
  const shape = graph.node("Concat", [graph.ints(...lists), lacking], { attributes: { axis: 0 } });
  const nothing = graph.node("Expand", [minusInfinity(graph), shape]);
  const filled = graph.node("Concat", [values, nothing], { attributes: { axis: -1 } });
  const best = bestOf(graph, filled, k, { topK: "ofAny" }, order);
  const anyRow = graph.node("Expand", [scalar(graph, 0), lacking]);
  const listed = graph.node("Concat", [rows, anyRow], { attributes: { axis: 0 } });
  return { values: best.values, rows: graph.node("Gather", [listed, best.rows]) };
}

const scalar = (graph: GraphBuilder, value: number): Value =>
  graph.constant("int64", [], BigInt64Array.of(BigInt(value)));
