import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import type { StoredTensor } from "../../src/onnx/weights-file.ts";
import type { DeviceForm } from "./device-form.ts";
import { largestOfHeads, SMALLEST, type Lists } from "./scoring.ts";

/** Embeddings as 8-bit integers with a scale an item: embedding = code x scale, nearly. */
export interface QuantisedItems {
  /** int8 [dim, paddedItems] */
  readonly codes: StoredTensor;
  /** float32 [paddedItems] */
  readonly scales: StoredTensor;
}

/**
 * Unsigned, queries are rounded to -63 .. 63, a bit less than a byte holds: processors without VNNI
 * add pairs of products in 16 bits, and those of full bytes would overflow unnoticed.
 */
const UNSIGNED = { levels: 63, zero: 64 };
const SIGNED_LEVELS = 127;

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
  {
    heads,
    lists,
    form,
  }: { readonly heads: number; readonly lists: Lists; readonly form: DeviceForm },
): Value {
  const perHead = heads === 1 ? queries : graph.reshape(queries, 0, heads, codes.dims[0]!);
  const { rounded, step, zero } = scaledQueries(graph, perHead, form);
  const scores =
    form.queryBytes === "unsigned"
      ? graph.node(
          "MatMulIntegerToFloat",
          [rounded, graph.weight(codes), floatOf(graph, 1), graph.weight(scales), zero],
          { domain: "com.microsoft" },
        )
      : scaled(graph, integerProduct(graph, rounded, graph.weight(codes)), graph.weight(scales));
  if (heads === 1) return scores;
  const comparable = graph.node("Mul", [scores, step]);
  return lists === "heads" ? comparable : largestOfHeads(graph, comparable);
}

/**
 * Queries as 8-bit integers, signed or not: query = (rounded - zero) x step, nearly.
 *
 * @param queries float32 [.., dim]
 */
export function scaledQueries(
  graph: GraphBuilder,
  queries: Value,
  { queryBytes }: DeviceForm,
): { readonly rounded: Value; readonly step: Value; readonly zero: Value } {
  const largest = graph.node("ReduceMax", [graph.node("Abs", [queries]), graph.ints(-1)]);
  const isUnsigned = queryBytes === "unsigned";
  const step = graph.node("Div", [
    graph.node("Max", [largest, floatOf(graph, SMALLEST)]),
    floatOf(graph, isUnsigned ? UNSIGNED.levels : SIGNED_LEVELS),
  ]);
  const zero = isUnsigned
    ? graph.constant("uint8", [], Uint8Array.of(UNSIGNED.zero))
    : graph.constant("int8", [], Int8Array.of(0));
  const rounded = graph.node("QuantizeLinear", [
    graph.node("Div", [queries, step]),
    floatOf(graph, 1),
    zero,
  ]);
  return { rounded, step, zero };
}

/** int32: the product of signed bytes. */
export const integerProduct = (graph: GraphBuilder, rounded: Value, codes: Value): Value =>
  graph.node("MatMulInteger", [rounded, codes]);

/** float32: an integer product times the items' scales. */
export const scaled = (graph: GraphBuilder, product: Value, scales: Value): Value =>
  graph.node("Mul", [graph.cast(product, "float32"), scales]);

const floatOf = (graph: GraphBuilder, value: number): Value =>
  graph.constant("float32", [], Float32Array.of(value));
