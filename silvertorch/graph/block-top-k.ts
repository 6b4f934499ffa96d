import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import type { DeviceForm } from "./device-form.ts";
import { bestOf, type Order, type Ranked } from "./top-k.ts";

/** What is known of the scores when the graph is written. */
export interface ManyScores {
  /** Scores of a list. */
  readonly places: number;
  /** Lists of a request; 1: they have no dimension for it. */
  readonly lists: number;
}

interface Wanted extends ManyScores {
  readonly form: DeviceForm;
  /** Of what is found, the best first if absent. */
  readonly order?: Order;
}

/** Blocks whose largest scores are looked at together first. */
const GROUP = 16;
/** With fewer blocks a list is short enough to be gone through whole. */
const FEWEST_BLOCKS = 512;

/**
 * As `bestOf`, for long lists: where a device is faster so, a first pass takes the largest score of
 * each block of neighbours, and only the k blocks with the largest of these are looked into. That
 * loses none of the k best: of a block that is not among those, k blocks come before, each with a
 * score that comes before all of its own. The blocks are put in order of place again, so that of
 * equal values the first comes first. What a TopK may pass by is known before each: the k largest of
 * groups of blocks tell it of the blocks, and these of what is in them.
 *
 * @param scores float32 [batch, places], or [batch, lists, places].
 */
export function bestOfMany(graph: GraphBuilder, scores: Value, k: Value, wanted: Wanted): Ranked {
  const { places, form, order } = wanted;
  const width = form.blockWidth;
  const isWorthIt = width > 0 && places % width === 0 && places / width >= FEWEST_BLOCKS;
  return isWorthIt ? bestOfBlocks(graph, scores, k, wanted) : bestOf(graph, scores, k, form, order);
}

/** The same however few there are. */
export function bestOfBlocks(
  graph: GraphBuilder,
  scores: Value,
  k: Value,
  { places, lists, form, order }: Wanted,
): Ranked {
  const width = form.blockWidth;
  const outer = lists === 1 ? [0] : [0, 0];
  const count = places / width;
  const blocks = graph.reshape(scores, ...outer, count, width);
  const largest = largestOf(graph, blocks);
  const group = groupWidth(count);
  const some = {
    of: grouped(graph, largest, { count, group, outer }),
    count: Math.floor(count / group),
  };
  const likely =
    count < group ? largest : levelled(graph, largest, bestOfSome(graph, some, k, form));
  const first = bestOfSome(graph, { of: likely, count }, k, form);
  const [opened] = graph.nodes("TopK", [first.rows, first.k], 2, {
    attributes: { axis: -1, largest: 0 },
  }) as [Value, Value];
  const held = graph.node("GatherND", [blocks, graph.node("Unsqueeze", [opened, graph.ints(-1)])], {
    attributes: { batch_dims: outer.length },
  });
  const open = levelled(graph, graph.reshape(held, ...outer, -1), first);
  const { values, rows } = bestOf(graph, open, k, form, order);
  const wide = graph.constant("int64", [], BigInt64Array.of(BigInt(width)));
  const slot = graph.node("Div", [rows, wide]);
  const block = graph.node("GatherElements", [opened, slot], { attributes: { axis: -1 } });
  // Of place `slot x width + offset` among the opened blocks, the place in the list.
  const moved = graph.node("Mul", [graph.node("Sub", [block, slot]), wide]);
  return { values, rows: graph.node("Add", [rows, moved]) };
}

const largestOf = (graph: GraphBuilder, blocks: Value): Value =>
  graph.node("ReduceMax", [blocks, graph.ints(-1)], { attributes: { keepdims: 0 } });

/** Blocks of a group: so many, or a few less, that groups hold all blocks, if there is such a number. */
function groupWidth(count: number): number {
  const widths = Array.from({ length: GROUP / 2 }, (_, at) => GROUP - at);
  return widths.find((width) => count % width === 0) ?? GROUP;
}

/** The largest of each group of neighbours; what fills no group is left out. */
function grouped(
  graph: GraphBuilder,
  largest: Value,
  {
    count,
    group,
    outer,
  }: { readonly count: number; readonly group: number; readonly outer: readonly number[] },
): Value {
  const groups = Math.floor(count / group);
  const axis = graph.ints(-1);
  const whole =
    groups * group === count
      ? largest
      : graph.node("Slice", [largest, graph.ints(0), graph.ints(groups * group), axis]);
  return largestOf(graph, graph.reshape(whole, ...outer, groups, group));
}

/** The k largest of some numbers, in any order; all, if they are fewer. */
interface BestOfSome extends Ranked {
  /** int64 [1]: how many they are. */
  readonly k: Value;
  /** bool [1]: whether they are k. */
  readonly enough: Value;
}

function bestOfSome(
  graph: GraphBuilder,
  { of, count }: { readonly of: Value; readonly count: number },
  k: Value,
  form: DeviceForm,
): BestOfSome {
  const few = graph.node("Min", [k, graph.ints(count)]);
  const enough = graph.node("LessOrEqual", [k, graph.ints(count)]);
  return { ...bestOf(graph, of, few, form, "any"), k: few, enough };
}

/**
 * Scores, of which those that come behind k others for sure are made alike: the heap that a TopK
 * keeps its best in is then hardly ever changed, and passes them by.
 *
 * @param some k numbers that the largest k of the scores are not below.
 */
function levelled(graph: GraphBuilder, scores: Value, { values, enough }: BestOfSome): Value {
  const least = graph.node("ReduceMin", [values, graph.ints(-1)]);
  // Surely below it, whatever its size, so that none is made equal to it.
  const gap = graph.node("Add", [
    graph.node("Mul", [graph.node("Abs", [least]), floatOf(graph, 2 ** -22)]),
    floatOf(graph, 1e-37),
  ]);
  const level = graph.node("Where", [
    enough,
    graph.node("Sub", [least, gap]),
    floatOf(graph, -Infinity),
  ]);
  return graph.node("Max", [scores, level]);
}

const floatOf = (graph: GraphBuilder, value: number): Value =>
  graph.constant("float32", [], Float32Array.of(value));
