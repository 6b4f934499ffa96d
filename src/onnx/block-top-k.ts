import type { GraphBuilder, Value } from "./graph-builder.ts";
import { bestOf, type Order, type Ranked, type TopKOf } from "./top-k.ts";

/** How a device best goes through long lists. */
export interface TopKForm {
  readonly topK: TopKOf;
  /** Neighbours of a block, where long lists are gone through in blocks; 0: whole. */
  readonly blockWidth: number;
  /**
   * How the largest scores of many blocks are gone through. `levelled`: what comes behind k others
   * for sure is made alike beforehand, as is good for a TopK that keeps its best in a heap. `nested`:
   * in blocks themselves, as is good for one whose time is that of the places, as CUDA's is.
   */
  readonly blocks: "levelled" | "nested";
}

/** What is known of the scores when the graph is written. */
export interface ManyScores {
  /** Scores of a list. */
  readonly places: number;
  /** Lists of a request; 1: they have no dimension for it. */
  readonly lists: number;
}

interface Wanted extends ManyScores {
  readonly form: TopKForm;
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
 * score that comes before all of its own. Which of the blocks with equal largest scores are opened
 * is therefore the TopK's choice. The blocks are put in order of place again, so that of equal values
 * the first comes first where it does so in a TopK.
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
  const largest = { of: largestOf(graph, blocks), places: count, lists };
  const few = graph.node("Min", [k, graph.ints(count)]);
  const isLevelled = form.blocks === "levelled";
  const first = isLevelled
    ? bestLevelled(graph, largest, k, form)
    : bestOfMany(graph, largest.of, few, { places: count, lists, form, order: "any" });
  const [opened] = graph.nodes("TopK", [first.rows, few], 2, {
    attributes: { axis: -1, largest: 0 },
  }) as [Value, Value];
  const held = graph.node("GatherND", [blocks, graph.node("Unsqueeze", [opened, graph.ints(-1)])], {
    attributes: { batch_dims: outer.length },
  });
  const raw = graph.reshape(held, ...outer, -1);
  const open = isLevelled ? levelled(graph, raw, { values: first.values, k, count }) : raw;
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

interface Largest extends ManyScores {
  /** float32: the largest of each block. */
  readonly of: Value;
}

/**
 * The blocks with the k largest scores, all if they are fewer. What their TopK may pass by is known
 * beforehand: the k largest of groups of blocks tell it.
 */
function bestLevelled(
  graph: GraphBuilder,
  { of, places: count, lists }: Largest,
  k: Value,
  form: TopKForm,
): Ranked {
  const bestOfSome = (some: Value, most: number): Ranked =>
    bestOf(graph, some, graph.node("Min", [k, graph.ints(most)]), form, "any");
  const group = groupWidth(count);
  if (count < group) return bestOfSome(of, count);
  const groups = Math.floor(count / group);
  const { values } = bestOfSome(grouped(graph, of, { count, group, lists }), groups);
  return bestOfSome(levelled(graph, of, { values, k, count: groups }), count);
}

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
    lists,
  }: { readonly count: number; readonly group: number; readonly lists: number },
): Value {
  const groups = Math.floor(count / group);
  const axis = graph.ints(-1);
  const whole =
    groups * group === count
      ? largest
      : graph.node("Slice", [largest, graph.ints(0), graph.ints(groups * group), axis]);
  const outer = lists === 1 ? [0] : [0, 0];
  return largestOf(graph, graph.reshape(whole, ...outer, groups, group));
}

/** Numbers that the largest k of some scores are not below. */
interface Held {
  readonly values: Value;
  /** int64 [1] */
  readonly k: Value;
  /** How many numbers there are to choose from: they say nothing if that is below k. */
  readonly count: number;
}

/**
 * Scores, of which those that come behind k others for sure are made alike: the heap that a TopK
 * keeps its best in is then hardly ever changed, and passes them by.
 */
function levelled(graph: GraphBuilder, scores: Value, { values, k, count }: Held): Value {
  const least = graph.node("ReduceMin", [values, graph.ints(-1)]);
  // Surely below it, whatever its size, so that none is made equal to it.
  const gap = graph.node("Add", [
    graph.node("Mul", [graph.node("Abs", [least]), floatOf(graph, 2 ** -22)]),
    floatOf(graph, 1e-37),
  ]);
  const level = graph.node("Where", [
    graph.node("LessOrEqual", [k, graph.ints(count)]),
    graph.node("Sub", [least, gap]),
    floatOf(graph, -Infinity),
  ]);
  return graph.node("Max", [scores, level]);
}

const floatOf = (graph: GraphBuilder, value: number): Value =>
  graph.constant("float32", [], Float32Array.of(value));
