import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import type { StoredTensor } from "../../src/onnx/weights-file.ts";
import { largestOfHeads, type Lists } from "./scoring.ts";

/** Embeddings as 8-bit integers with a scale an item: embedding = code x scale, nearly. */
export interface QuantisedItems {
  /** int8 [dim, paddedItems] */
  readonly codes: StoredTensor;
  /** float32 [paddedItems] */
  readonly scales: StoredTensor;
}

/**
 * Queries are rounded to -63 .. 63, a bit less than a byte holds: processors without VNNI add
 * pairs of products in 16 bits, and those of full bytes would overflow unnoticed.
 */
const QUERY_LEVELS = 63;
const QUERY_ZERO = 64;
/** Stands for the largest number of a query of zeros, by which it is divided. */
const SMALLEST = 1e-30;

/**
 * Nearly every item's score (see scoring.ts), from an integer product. With one head the scores of
 * a request are divided by its query's largest number, which leaves their order as it is.
 *
 * @param queries float32 [batch, heads x dim]
 * @returns float32 [batch, paddedItems]; where each head has a list, [batch, heads, paddedItems]
 */
export function quantisedScoring(
  graph: GraphBuilder,
  queries: Value,
  { codes, scales }: QuantisedItems,
  { heads, lists }: { readonly heads: number; readonly lists: Lists },
): Value {
  const perHead = heads === 1 ? queries : graph.reshape(queries, 0, heads, codes.dims[0]!);
  const { rounded, step, zero } = scaledQueries(graph, perHead);
  const scores = graph.node(
    "MatMulIntegerToFloat",
    [rounded, graph.weight(codes), floatOf(graph, 1), graph.weight(scales), zero],
    { domain: "com.microsoft" },
  );
  if (heads === 1) return scores;
  const comparable = graph.node("Mul", [scores, step]);
  return lists === "heads" ? comparable : largestOfHeads(graph, comparable);
}

/**
 * Queries as 8-bit integers: query = (rounded - zero) x step, nearly.
 *
 * @param queries float32 [.., dim]
 */
export function scaledQueries(
  graph: GraphBuilder,
  queries: Value,
): { readonly rounded: Value; readonly step: Value; readonly zero: Value } {
  const largest = graph.node("ReduceMax", [graph.node("Abs", [queries]), graph.ints(-1)]);
  const step = graph.node("Div", [
    graph.node("Max", [largest, floatOf(graph, SMALLEST)]),
    floatOf(graph, QUERY_LEVELS),
  ]);
  const zero = graph.constant("uint8", [], Uint8Array.of(QUERY_ZERO));
  const rounded = graph.node("QuantizeLinear", [
    graph.node("Div", [queries, step]),
    floatOf(graph, 1),
    zero,
  ]);
  return { rounded, step, zero };
}

const floatOf = (graph: GraphBuilder, value: number): Value =>
  graph.constant("float32", [], Float32Array.of(value));
