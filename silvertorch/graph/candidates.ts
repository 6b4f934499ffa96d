import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import { ABOVE_LOWEST, type Ranked } from "../../src/onnx/top-k.ts";

/** What OverArch and Value Model look at: each row once, ascending, so that ties end up by row. */
export interface Candidates {
  /** int64 [batch, candidates]; any row where the score says that there is none. */
  readonly rows: Value;
  /** float32 [batch, candidates]: largest score over the heads that hold the item; -inf: none. */
  readonly scores: Value;
}

/** Sorts behind every row. */
const NO_ROW = 2n ** 62n;

/**
 * The union of the heads' lists, without duplicates. There are as many candidates as the request
 * of the batch that has most, so a narrow filter makes little work for the layers behind.
 *
 * Equal rows are found by sorting, for not every device has Unique: in a sorted row they stand
 * side by side, at most one a head, and the largest score among them is taken by steps of 1, 2, 4.
 *
 * @param lists float32 and int64 [batch, heads, held], or [batch, held] of one head; values of
 *   -inf mark those that are not eligible.
 */
export function candidatesOf(graph: GraphBuilder, lists: Ranked, heads: number): Candidates {
  const values = heads === 1 ? lists.values : graph.reshape(lists.values, 0, -1);
  const listed = heads === 1 ? lists.rows : graph.reshape(lists.rows, 0, -1);
  const keys = graph.node("Where", [isNone(graph, values), noRow(graph), listed]);
  const sorted = sortByRow(graph, keys, values, heads);
  const united = heads === 1 ? sorted : withoutDuplicates(graph, sorted, heads);
  const none = isNone(graph, united.values);
  return {
    rows: graph.node("Where", [
      none,
      graph.constant("int64", [], BigInt64Array.of(0n)),
      united.rows,
    ]),
    scores: united.values,
  };
}

/** Rows ascending, as many as any request has, at least `least`. */
function sortByRow(graph: GraphBuilder, keys: Value, values: Value, least: number): Ranked {
  const counted = graph.cast(graph.node("Less", [keys, noRow(graph)]), "int32");
  const counts = graph.node("ReduceSum", [counted, graph.ints(1)], {
    attributes: { keepdims: 0 },
  });
  const most = graph.node("ReduceMax", [counts], { attributes: { keepdims: 0 } });
  const width = graph.reshape(graph.node("Max", [graph.cast(most, "int64"), graph.ints(least)]), 1);
  const [rows, order] = graph.nodes("TopK", [keys, width], 2, {
    attributes: { axis: 1, largest: 0 },
  }) as [Value, Value];
  return { rows, values: pick(graph, values, order) };
}

function withoutDuplicates(graph: GraphBuilder, { rows, values }: Ranked, heads: number): Ranked {
  const zero = graph.constant("int64", [], BigInt64Array.of(0n));
  const one = graph.constant("int64", [], BigInt64Array.of(1n));
  const width = graph.reshape(graph.node("Shape", [rows], { attributes: { start: 1, end: 2 } }));
  const places = graph.node("Range", [zero, width, one]);
  const last = graph.node("Sub", [width, one]);
  let largest = values;
  for (let step = 1; step < heads; step *= 2) {
    const ahead = graph.constant("int64", [], BigInt64Array.of(BigInt(step)));
    // Beyond the end the last place stands in: if its row is equal, it is of the same run.
    const there = graph.node("Min", [graph.node("Add", [places, ahead]), last]);
    const same = graph.node("Equal", [rows, at(graph, rows, there)]);
    const other = graph.node("Where", [same, at(graph, largest, there), largest]);
    largest = graph.node("Max", [largest, other]);
  }
  const before = graph.node("Max", [graph.node("Sub", [places, one]), zero]);
  const repeats = graph.node("And", [
    graph.node("Equal", [rows, at(graph, rows, before)]),
    graph.node("Greater", [places, zero]),
  ]);
  const firsts = graph.node("Where", [repeats, noRow(graph), rows]);
  const scores = graph.node("Where", [repeats, minusInfinity(graph), largest]);
  return sortByRow(graph, firsts, scores, 1);
}

/**
 * Which scores mark the place of no item. Shaders of WebGPU know no infinity: the lowest number may
 * stand for it there, which no score is.
 */
export const isNone = (graph: GraphBuilder, values: Value): Value =>
  graph.node("Less", [values, graph.constant("float32", [], Float32Array.of(ABOVE_LOWEST))]);

/** What marks the place of no item: a score of -inf. */
export const minusInfinity = (graph: GraphBuilder): Value =>
  graph.constant("float32", [], Float32Array.of(-Infinity));

const noRow = (graph: GraphBuilder): Value => graph.constant("int64", [], BigInt64Array.of(NO_ROW));

/** The same places of every row of a matrix. */
const at = (graph: GraphBuilder, matrix: Value, places: Value): Value =>
  graph.node("Gather", [matrix, places], { attributes: { axis: 1 } });

/** Each row's own places. */
const pick = (graph: GraphBuilder, matrix: Value, places: Value): Value =>
  graph.node("GatherElements", [matrix, places], { attributes: { axis: 1 } });
