import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import type { StoredTensor } from "../../src/onnx/weights-file.ts";
import { minusInfinity } from "./candidates.ts";
import { filterBits, programInputs, programsOf, type Program } from "./filter-machine.ts";
import { bestOf, type Ranked } from "../../src/onnx/top-k.ts";

/** What signatures let through is checked by, as inputs of the graph. */
export interface CheckInputs {
  /** bool []: whether any request has something to check. */
  readonly checked: Value;
  /** Over ranges of cells: an operand is the lowest and the highest number. */
  readonly program: Program;
}

/** Inputs: `checked`, as above, and the program's, whose names begin with `check`. */
export function checkInputs(graph: GraphBuilder): CheckInputs {
  return {
    checked: graph.input("checked", "bool", []),
    program: programInputs(graph, "check", [2]),
  };
}

export interface Check {
  /** int32 [items, cells]: the attributes of each row (eligibility/cells.ts). */
  readonly cells: StoredTensor;
  readonly inputs: CheckInputs;
  /** int32 [batch] */
  readonly planOf: Value;
}

/**
 * Takes out of the lists what is not eligible: a filter machine over the attributes of the few rows
 * that are listed, each a word of its own.
 *
 * @returns the values of the lists, -inf where the row is not eligible.
 */
export function checkedValues(
  graph: GraphBuilder,
  { values, rows }: Ranked,
  { cells, inputs, planOf }: Check,
): Value {
  const check = graph.subgraph("check");
  const listed = check.reshape(rows, 0, -1);
  const held = check.node("Gather", [check.weight(cells), listed]);
  const bits = filterBits(check, programsOf(check, inputs.program, planOf), {
    shape: check.node("Shape", [listed]),
    dims: ["batch", "listed"],
    read: (branch, operands) => someWithin(branch, held, operands),
  });
  const shaped = check.node("Reshape", [castToBool(check, bits), check.node("Shape", [values])]);
  const passing = check.node("Where", [shaped, values, minusInfinity(check)]);
  check.output("values", passing, "float32", ["batch", "lists", "listed"]);
  const skip = graph.subgraph("skip");
  skip.output("values", values, "float32", ["batch", "lists", "listed"]);
  return graph.node("If", [inputs.checked], {
    attributes: { then_branch: check, else_branch: skip },
  });
}

/**
 * Whether some cell of a row lies within a range: all bits or none.
 *
 * @param held int32 [batch, listed, cells]
 * @param ranges int32 [batch, 2]
 * @returns uint64 [batch, listed]
 */
function someWithin(graph: GraphBuilder, held: Value, ranges: Value): Value {
  const side = (at: number): Value => {
    const index = graph.constant("int64", [], BigInt64Array.of(BigInt(at)));
    const bound = graph.node("Gather", [ranges, index], { attributes: { axis: 1 } });
    return graph.node("Unsqueeze", [bound, graph.ints(1, 2)]);
  };
  const within = graph.node("And", [
    graph.node("GreaterOrEqual", [held, side(0)]),
    graph.node("LessOrEqual", [held, side(1)]),
  ]);
  const some = graph.node("ReduceMax", [graph.cast(within, "int32"), graph.ints(-1)], {
    attributes: { keepdims: 0 },
  });
  // As two's complement, -1 is all bits.
  return graph.cast(graph.node("Neg", [graph.cast(some, "int64")]), "uint64");
}

/** The first `k` of lists from which some were taken out. */
export function shortened(graph: GraphBuilder, { values, rows }: Ranked, k: Value): Ranked {
  const width = graph.reshape(widthOf(graph, values), 1);
  const best = bestOf(graph, values, graph.node("Min", [k, width]));
  return {
    values: best.values,
    rows: graph.node("GatherElements", [rows, best.rows], { attributes: { axis: -1 } }),
  };
}

/** The last dimension, int64 []. */
const widthOf = (graph: GraphBuilder, values: Value): Value =>
  graph.node("Gather", [
    graph.node("Shape", [values]),
    graph.constant("int64", [], BigInt64Array.of(-1n)),
  ]);

const castToBool = (graph: GraphBuilder, bits: Value): Value => graph.cast(bits, "bool");

/**
 * Whether a list lost so much to the check that it should have been longer from the start: it was
 * full before, and is now short of what is wanted. int32 [batch]
 *
 * @param wanted int64 [1]
 */
export function starved(
  graph: GraphBuilder,
  {
    before,
    after,
    wanted,
  }: { readonly before: Value; readonly after: Value; readonly wanted: Value },
): Value {
  const there = (values: Value): Value =>
    graph.node(
      "ReduceSum",
      [graph.cast(graph.node("Greater", [values, minusInfinity(graph)]), "int64"), graph.ints(-1)],
      { attributes: { keepdims: 0 } },
    );
  const full = graph.node("Equal", [there(before), widthOf(graph, before)]);
  const short = graph.node("Less", [there(after), wanted]);
  const lists = graph.reshape(graph.cast(graph.node("And", [full, short]), "int32"), 0, -1);
  return graph.node("ReduceMax", [lists, graph.ints(1)], { attributes: { keepdims: 0 } });
}
