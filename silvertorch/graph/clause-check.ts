import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import type { StoredTensor } from "../../src/onnx/weights-file.ts";
import { LITERAL_NUMBERS } from "../eligibility/clauses.ts";

/** Clauses over ranges of cells, plan beside plan (eligibility/clauses.ts). */
export interface ClauseInputs {
  readonly ranges: Value;
  readonly signs: Value;
  readonly least: Value;
}

/**
 * Inputs, each with a name of its own in front: `_ranges` int32 [3, plans, literals], `_signs`
 * float32 [plans, clauses, literals] and `_least` float32 [plans, clauses, 1].
 */
export function clauseInputs(graph: GraphBuilder, name: string): ClauseInputs {
  const [literals, clauses] = [`${name}_literals`, `${name}_clauses`];
  return {
    ranges: graph.input(`${name}_ranges`, "int32", [LITERAL_NUMBERS, "plans", literals]),
    signs: graph.input(`${name}_signs`, "float32", ["plans", clauses, literals]),
    least: graph.input(`${name}_least`, "float32", ["plans", clauses, 1]),
  };
}

/** Rows of which it is asked, int64 [batch, listed], and the plan of each request, int32 [batch]. */
export interface Listed {
  readonly rows: Value;
  readonly planOf: Value;
}

/**
 * Whether the clauses of each request are true of the rows that it lists: all literals at once,
 * and of each clause how many are true, as a product.
 *
 * @param cells int32 [items, cells]: the attributes of each row (eligibility/cells.ts).
 * @returns bool [batch, listed]
 */
export function clausesHold(
  graph: GraphBuilder,
  inputs: ClauseInputs,
  { cells, rows, planOf }: Listed & { readonly cells: StoredTensor },
): Value {
  const ofRequests = (table: Value, axis: number): Value =>
    graph.node("Gather", [table, planOf], { attributes: { axis } });
  const [place, low, high] = graph
    .nodes("Split", [ofRequests(inputs.ranges, 1)], LITERAL_NUMBERS, {
      attributes: { axis: 0, num_outputs: LITERAL_NUMBERS },
    })
    .map((numbers) => graph.node("Squeeze", [numbers, graph.ints(0)])) as [Value, Value, Value];
  const held = cellsNamed(graph, cells, { rows, place });
  const bound = (numbers: Value): Value => graph.node("Unsqueeze", [numbers, graph.ints(-1)]);
  const within = graph.node("And", [
    graph.node("GreaterOrEqual", [held, bound(low)]),
    graph.node("LessOrEqual", [held, bound(high)]),
  ]);
  const sums = graph.node("MatMul", [ofRequests(inputs.signs, 0), graph.cast(within, "float32")]);
  const least = ofRequests(inputs.least, 0);
  const failed = graph.cast(graph.node("Less", [sums, least]), "int32");
  const some = graph.node("ReduceMax", [failed, graph.ints(1)], { attributes: { keepdims: 0 } });
  return graph.node("Not", [graph.cast(some, "bool")]);
}

/** The cells that a request names, of each row that it lists: int32 [batch, literals, listed]. */
function cellsNamed(
  graph: GraphBuilder,
  cells: StoredTensor,
  { rows, place }: { readonly rows: Value; readonly place: Value },
): Value {
  const [items, count] = cells.dims as [number, number];
  // What fills up the catalogue is excluded from the list already, and has no cells.
  const known = graph.node("Min", [rows, graph.ints(items - 1)]);
  // [batch, listed, cells] to [batch x cells, listed]: the cells of a request, one after another.
  const held = graph.node("Gather", [graph.weight(cells), known]);
  const byRequest = graph.node("Transpose", [held], { attributes: { perm: [0, 2, 1] } });
  const listed = graph.node("Shape", [rows], { attributes: { start: 1, end: 2 } });
  const flat = graph.node("Reshape", [
    byRequest,
    graph.node("Concat", [graph.ints(-1), listed], { attributes: { axis: 0 } }),
  ]);
  const scalar = (value: number): Value =>
    graph.constant("int64", [], BigInt64Array.of(BigInt(value)));
  const batch = graph.reshape(graph.node("Shape", [rows], { attributes: { start: 0, end: 1 } }));
  const first = graph.node("Mul", [
    graph.node("Range", [scalar(0), batch, scalar(1)]),
    scalar(count),
  ]);
  const named = graph.node("Add", [
    graph.node("Unsqueeze", [first, graph.ints(-1)]),
    graph.cast(place, "int64"),
  ]);
  return graph.node("Gather", [flat, named]);
}
