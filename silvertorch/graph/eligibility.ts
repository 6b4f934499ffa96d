import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import { bitmapEligibility, type BitmapWeights, visibleInput } from "./bitmap-eligibility.ts";
import { cellEligibility, type CellWeights } from "./cell-eligibility.ts";
import type { ItemPenalties } from "./item-penalties.ts";

/**
 * Which items each request of a batch may get, in one of two forms, which agree: bitmaps, combined
 * 64 items at a time, where a device has operators on bits; else the items' cells.
 */
export type EligibilityWeights = BitmapWeights | CellWeights;

export interface Eligibility extends ItemPenalties {
  /** bool []: whether any request has a filter. */
  readonly filtered: Value;
}

/**
 * Inputs: `filtered` bool [] and the form's own.
 * @param planOf int32 [batch]: each one's plan.
 * @param hides whether the graph is told, by `visible`, what no request may get: of all bitmaps, and
 *   where any request has a filter.
 */
export function eligibility(
  graph: GraphBuilder,
  weights: EligibilityWeights,
  { planOf, hides }: { readonly planOf: Value; readonly hides: boolean },
): Eligibility {
  const filtered = graph.input("filtered", "bool", []);
  if (weights.kind !== "bitmaps") return { filtered, ...cellEligibility(graph, weights, planOf) };
  const visible = hides ? visibleInput(graph, weights) : null;
  return { filtered, ...bitmapEligibility(graph, weights, planOf, { visible }) };
}
