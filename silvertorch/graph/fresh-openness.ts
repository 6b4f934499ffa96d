import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import { bitsApart } from "./bitmap-bytes.ts";
import { minusInfinity } from "./candidates.ts";
import type { DeviceForm } from "./device-form.ts";

/**
 * What each request may not get of the fresh items, float32 [batch, places]: 0 or -inf.
 *
 * Inputs: on a processor `fresh_open` uint8 [openings, bytes], a bit a place, set where it may be got;
 * elsewhere `fresh_penalties` float32 [openings, places]; and `fresh_open_of` int32 [batch], which of
 * them is each request's.
 */
export function freshPenalties(
  graph: GraphBuilder,
  { freshItems }: Pick<DeviceForm, "freshItems">,
): (branch: GraphBuilder) => Value {
  const openOf = graph.input("fresh_open_of", "int32", ["batch"]);
  if (freshItems === "chosen") {
    const shared = graph.input("fresh_penalties", "float32", ["openings", "places"]);
    return (branch) => branch.node("Gather", [shared, openOf]);
  }
  const open = graph.input("fresh_open", "uint8", ["openings", "bytes"]);
  return (branch) => {
    const isOpen = branch.cast(bitsApart(branch, open), "bool");
    const zero = branch.constant("float32", [], Float32Array.of(0));
    const each = branch.node("Where", [isOpen, zero, minusInfinity(branch)]);
    return branch.node("Gather", [branch.reshape(each, 0, -1), openOf]);
  };
}
