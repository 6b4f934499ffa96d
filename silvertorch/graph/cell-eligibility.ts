import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import { viewOf, type StoredTensor } from "../../src/onnx/weights-file.ts";
import { minusInfinity } from "./candidates.ts";
import { cellBits, cellProgramInputs, cellProgramsOf, type CellProgram } from "./cell-machine.ts";
import type { ItemPenalties } from "./item-penalties.ts";

export interface CellWeights {
  readonly kind: "cells";
  /** int32 [cells, places]: cell after cell of all places (eligibility/cells.ts). */
  readonly cells: StoredTensor;
  /** float32 [clusters, width]: 0, or -inf where a cluster is filled up; null: no clusters. */
  readonly padding: StoredTensor | null;
}

/** Eligibility by the items' own attributes, exactly. Inputs: a cell program's, whose names begin with `scan`. */
export function cellEligibility(
  graph: GraphBuilder,
  weights: CellWeights,
  planOf: Value,
): ItemPenalties {
  const program = cellProgramInputs(graph, "scan");
  return {
    bits: null,
    ofAll: (branch) => ofAll(branch, weights, { program, planOf }),
    within: (branch, clusters) =>
      within(branch, weights, { program: cellProgramsOf(branch, program, planOf), clusters }),
  };
}

function ofAll(
  graph: GraphBuilder,
  { cells, padding }: CellWeights,
  { program, planOf }: { readonly program: CellProgram; readonly planOf: Value },
): Value {
  const places = cells.dims[1]!;
  const plans = graph.node("Shape", [program.complements], { attributes: { start: 0, end: 1 } });
  const bits = cellBits(graph, program, {
    everything: graph.node("Expand", [
      graph.constant("bool", [1, 1], Uint8Array.of(1)),
      graph.node("Concat", [plans, graph.ints(places)], { attributes: { axis: 0 } }),
    ]),
    places,
    read: (body, cell) => body.reshape(body.node("Gather", [body.weight(cells), cell]), -1, places),
  });
  const penalties =
    padding === null
      ? graph.constant("float32", [1, 1], Float32Array.of(0))
      : graph.weight(viewOf(padding, [1, places]));
  return graph.node("Gather", [
    graph.node("Where", [bits, penalties, minusInfinity(graph)]),
    planOf,
  ]);
}

function within(
  graph: GraphBuilder,
  { cells, padding }: CellWeights,
  { program, clusters }: { readonly program: CellProgram; readonly clusters: Value },
): Value {
  const [blocks, width] = padding!.dims as [number, number];
  const table = viewOf(cells, [cells.dims[0]! * blocks, width]);
  const count = graph.constant("int64", [], BigInt64Array.of(BigInt(blocks)));
  const filledUp = graph.reshape(graph.node("Gather", [graph.weight(padding!), clusters]), 0, -1);
  const bits = cellBits(graph, program, {
    everything: graph.node("LessOrEqual", [
      filledUp,
      graph.constant("float32", [], Float32Array.of(0)),
    ]),
    places: "places",
    read: (body, cell) => {
      const first = body.node("Mul", [body.cast(cell, "int64"), count]);
      const block = body.node("Add", [first, clusters]);
      return body.reshape(body.node("Gather", [body.weight(table), block]), 0, -1);
    },
  });
  return graph.node("Where", [bits, filledUp, minusInfinity(graph)]);
}
