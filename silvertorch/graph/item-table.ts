import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import type { StoredTensor } from "../../src/onnx/weights-file.ts";
import type { DeviceForm } from "./device-form.ts";

/** Something of each item: of the compiled ones a tensor of the artifact, of fresh ones an input. */
export type ItemTable = StoredTensor | MixedTable;

/** Of candidates of which some came after the artifact was compiled. */
export interface MixedTable {
  /** [items, ..] */
  readonly compiled: StoredTensor;
  /** [fresh, ..] */
  readonly fresh: Value;
  readonly mix: Mix;
}

/** Which candidates are fresh, found once for all tables. */
export interface Mix {
  /** bool [batch, candidates] */
  readonly isFresh: Value;
  /** int64 [batch, candidates]: the candidates' rows, and any where they are fresh. */
  readonly compiledRows: Value;
  /** int64 [n, 2]: where the fresh ones are; null: the device cannot tell. */
  readonly at: Value | null;
  /** int64 [n], or else [batch, candidates]: their places among the fresh items. */
  readonly places: Value;
}

/**
 * What a table has of the candidates: [batch, candidates, ..]. Fresh ones are few: all are gathered
 * as if they were compiled, and theirs put over it, in place where the device has operators for it.
 *
 * @param rows int64 [batch, candidates]; of a mixed table those that its `mix` is of.
 * @param positions int32 [items]: where in the tensor each row is; null: at the row itself.
 */
export function gathered(
  graph: GraphBuilder,
  table: ItemTable,
  rows: Value,
  positions: StoredTensor | null = null,
): Value {
  const placed = (row: Value): Value =>
    positions === null ? row : graph.node("Gather", [graph.weight(positions), row]);
  if (!("mix" in table)) return graph.node("Gather", [graph.weight(table), placed(rows)]);
  const { compiled, fresh, mix } = table;
  const old = graph.node("Gather", [graph.weight(compiled), placed(mix.compiledRows)]);
  const young = graph.node("Gather", [fresh, mix.places]);
  if (mix.at !== null) return graph.node("ScatterND", [old, mix.at, young]);
  if (compiled.type === "bool") {
    const { isFresh } = mix;
    const not = graph.node("Not", [isFresh]);
    return graph.node("Or", [graph.node("And", [isFresh, young]), graph.node("And", [not, old])]);
  }
  const mask =
    compiled.dims.length === 1
      ? mix.isFresh
      : graph.node("Unsqueeze", [mix.isFresh, graph.ints(-1)]);
  return graph.node("Where", [mask, young, old]);
}

/** @param rows int64 [batch, candidates]: those from `items` on are fresh. */
export function mixOf(
  graph: GraphBuilder,
  rows: Value,
  { items, form }: { readonly items: number; readonly form: DeviceForm },
): Mix {
  const int64 = (value: number): Value =>
    graph.constant("int64", [], BigInt64Array.of(BigInt(value)));
  const isFresh = graph.node("GreaterOrEqual", [rows, int64(items)]);
  const compiledRows = graph.node("Where", [isFresh, int64(0), rows]);
  if (form.freshItems === "chosen") {
    const places = graph.node("Max", [graph.node("Sub", [rows, int64(items)]), int64(0)]);
    return { isFresh, compiledRows, at: null, places };
  }
  const at = graph.node("Transpose", [graph.node("NonZero", [isFresh])], {
    attributes: { perm: [1, 0] },
  });
  const places = graph.node("Sub", [graph.node("GatherND", [rows, at]), int64(items)]);
  return { isFresh, compiledRows, at, places };
}
