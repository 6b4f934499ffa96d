import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import type { StoredTensor } from "../../src/onnx/weights-file.ts";
import { FOLD_DIMS, FOLD_PENALTY } from "../eligibility/fold.ts";
import { bestOfMany } from "./block-top-k.ts";
import { minusInfinity } from "./candidates.ts";
import { cellBits, cellProgramInputs, cellProgramsOf, type CellProgram } from "./cell-machine.ts";
import { shortened, starved } from "./exact-check.ts";
import { exclusion, withPadding } from "./exclusion.ts";
import type { SearchInputs } from "./exhaustive-search.ts";
import { scoring } from "./scoring.ts";
import type { Ranked } from "./top-k.ts";

export interface FoldedWeights {
  /** float32 [paddedItems, dim + FOLD_DIMS]: embeddings, and behind them what is required of them. */
  readonly items: StoredTensor;
  /** int32 [items, cells] */
  readonly cells: StoredTensor;
}

/** What a batch requires, as inputs of the graph. */
export interface FoldInputs {
  /** bool []: whether the batch is searched so. */
  readonly folded: Value;
  /** float32 [batch, FOLD_DIMS] */
  readonly penalties: Value;
  /** By which what was found is checked. */
  readonly program: CellProgram;
  /** int64 [1]: places of a list before the check. */
  readonly fetch: Value;
}

/** Inputs: `folded`, `fold_penalties`, `fetch`, and a cell program's that begin with `fold`. */
export function foldInputs(graph: GraphBuilder): FoldInputs {
  return {
    folded: graph.input("folded", "bool", []),
    penalties: graph.input("fold_penalties", "float32", ["batch", FOLD_DIMS]),
    program: cellProgramInputs(graph, "fold"),
    fetch: graph.input("fetch", "int64", [1]),
  };
}

/** A list, and `starved` int32 [batch]: whether it lost so much to the check that it is short. */
export interface FoldedResult extends Ranked {
  readonly starved: Value;
}

interface FoldedScope {
  readonly items: number;
  readonly inputs: SearchInputs;
  readonly fold: FoldInputs;
  /** int32 [batch] */
  readonly planOf: Value;
}

/**
 * The k best eligible items of all, of one list: what a filter requires is a part of the product
 * (eligibility/fold.ts), and the few that come first are checked by their cells.
 */
export function foldedSearch(
  graph: GraphBuilder,
  weights: FoldedWeights,
  { items, inputs, fold, planOf }: FoldedScope,
): FoldedResult {
  const { heads, k } = inputs;
  const wide = widened(graph, inputs, { fold, dim: weights.items.dims[1]! - FOLD_DIMS });
  const scores = scoring(graph, wide, weights.items, { heads, lists: "score" });
  const excluded = withPadding(graph, inputs.excluded, {
    items,
    paddedItems: weights.items.dims[0]!,
  });
  const allowed = exclusion(graph, scores, {
    places: excluded.rows,
    penalties: excluded.penalties,
  });
  const { values, rows } = bestOfMany(graph, allowed, graph.node("Max", [k, fold.fetch]), {
    places: weights.items.dims[0]!,
    lists: 1,
    form: inputs.form,
  });
  const nothing = minusInfinity(graph);
  const sunk = graph.constant("float32", [], Float32Array.of(-FOLD_PENALTY / 2));
  const before = graph.node("Where", [graph.node("Less", [values, sunk]), nothing, values]);
  const bits = eligibleBits(graph, weights.cells, { rows, program: fold.program, planOf });
  const after = graph.node("Where", [bits, before, nothing]);
  return {
    ...shortened(graph, { values: after, rows }, k),
    starved: starved(graph, { before, after, wanted: k }),
  };
}

/** Queries with what they require behind each head's: float32 [batch, heads x (dim + FOLD_DIMS)]. */
function widened(
  graph: GraphBuilder,
  { queries, heads }: SearchInputs,
  { fold, dim }: { readonly fold: FoldInputs; readonly dim: number },
): Value {
  const behind = (query: Value, axis: number, penalties: Value): Value =>
    graph.node("Concat", [query, penalties], { attributes: { axis } });
  if (heads === 1) return behind(queries, 1, fold.penalties);
  const ofHeads = graph.node("Expand", [
    graph.node("Unsqueeze", [fold.penalties, graph.ints(1)]),
    graph.ints(1, heads, 1),
  ]);
  const wide = behind(graph.reshape(queries, 0, heads, dim), 2, ofHeads);
  return graph.reshape(wide, 0, heads * (dim + FOLD_DIMS));
}

/** Whether each listed item is eligible: bool [batch, listed]. */
function eligibleBits(
  graph: GraphBuilder,
  cells: StoredTensor,
  {
    rows,
    program,
    planOf,
  }: { readonly rows: Value; readonly program: CellProgram; readonly planOf: Value },
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
  return cellBits(graph, cellProgramsOf(graph, program, planOf), {
    everything: graph.node("GreaterOrEqual", [rows, scalar(0)]),
    places: "listed",
    read: (body, cell) => {
      const named = body.reshape(body.cast(cell, "int64"), -1);
      return body.node("Gather", [flat, body.node("Add", [first, named])]);
    },
  });
}
