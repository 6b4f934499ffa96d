import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import type { DeviceForm } from "./device-form.ts";
import { bestOf, type Ranked } from "./top-k.ts";

/** What is known of the scores when the graph is written. */
export interface ManyScores {
  /** Scores of a list. */
  readonly places: number;
  /** Lists of a request; 1: they have no dimension for it. */
  readonly lists: number;
}

/** With fewer blocks a list is short enough to be gone through whole. */
const FEWEST_BLOCKS = 512;

/**
 * As `bestOf`, for long lists: where a device is faster so, a first pass takes the largest score of
 * each block of neighbours, and only the k blocks with the largest of these are looked into. That
 * loses none of the k best: of a block that is not among those, k blocks come before, each with a
 * score that comes before all of its own. The blocks are put in order of place again, so that of
 * equal values the first comes first.
 *
 * @param scores float32 [batch, places], or [batch, lists, places].
 */
export function bestOfMany(
  graph: GraphBuilder,
  scores: Value,
  k: Value,
  { places, lists, form }: ManyScores & { readonly form: DeviceForm },
): Ranked {
  const width = form.blockWidth;
  const isWorthIt = width > 0 && places % width === 0 && places / width >= FEWEST_BLOCKS;
  return isWorthIt
    ? bestOfBlocks(graph, scores, k, { places, lists, form })
    : bestOf(graph, scores, k, form);
}

/** The same however few there are. */
export function bestOfBlocks(
  graph: GraphBuilder,
  scores: Value,
  k: Value,
  { places, lists, form }: ManyScores & { readonly form: DeviceForm },
): Ranked {
  const width = form.blockWidth;
  const outer = lists === 1 ? [0] : [0, 0];
  const blocks = graph.reshape(scores, ...outer, places / width, width);
  const largest = graph.node("ReduceMax", [blocks, graph.ints(-1)], {
    attributes: { keepdims: 0 },
  });
  const count = graph.node("Min", [k, graph.ints(places / width)]);
  const [opened] = graph.nodes("TopK", [bestOf(graph, largest, count, form).rows, count], 2, {
    attributes: { axis: -1, largest: 0 },
  }) as [Value, Value];
  const held = graph.node("GatherND", [blocks, graph.node("Unsqueeze", [opened, graph.ints(-1)])], {
    attributes: { batch_dims: outer.length },
  });
  const { values, rows } = bestOf(graph, graph.reshape(held, ...outer, -1), k, form);
  const wide = graph.constant("int64", [], BigInt64Array.of(BigInt(width)));
  const slot = graph.node("Div", [rows, wide]);
  const block = graph.node("GatherElements", [opened, slot], { attributes: { axis: -1 } });
  // Of place `slot x width + offset` among the opened blocks, the place in the list.
  const moved = graph.node("Mul", [graph.node("Sub", [block, slot]), wide]);
  return { values, rows: graph.node("Add", [rows, moved]) };
}
