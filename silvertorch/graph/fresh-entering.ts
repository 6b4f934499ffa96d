import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import { bestOf, leastOf } from "../../src/onnx/top-k.ts";
import { minusInfinity } from "./candidates.ts";
import { FRESH_BLOCK } from "./fresh-scoring.ts";

/** What the scores of fresh items are held against. */
export interface Answers {
  /** float32 [batch, k], what each request is answered with of the compiled items. */
  readonly values: Value;
  /** int64 [1]: how many were wanted. */
  readonly k: Value;
}

/**
 * Scores of fresh items that may come among the answers. Those of one request are best first, of
 * equal ones the first first; those of different requests are mixed.
 */
export interface Entering {
  /** float32 [entering] */
  readonly values: Value;
  /** int64 [entering]: places among the fresh items. */
  readonly slots: Value;
  /** int64 [entering]: whose they are. */
  readonly requests: Value;
}

/** The scores of fresh items, and which of them may be got. */
interface Fresh {
  /** float32 [requests, blocks, FRESH_BLOCK] */
  readonly scores: Value;
  /** int32 [requests, blocks]: a bit an item. */
  readonly open: Value;
}

/**
 * Of the scores of fresh items those that come before a request's last answer; all that it may get,
 * where answers are missing. Of a request with many of them the best, as many as are wanted, whether
 * or not they come before the last answer.
 *
 * Most blocks hold nothing of the kind. They are looked into only where the largest score of a block
 * comes before the answer, be it of an item that may be got or not, and only there it is asked which
 * ones may be: what it costs to know is then not that of all items.
 *
 * Inputs: `fresh_open_words` int32 [openings, blocks], a word a block, with a bit set for each item
 * that may be got, the lowest for the first; and `fresh_open_of` int32 [batch], which of them is each
 * request's.
 *
 * @param scores float32 [batch, fresh], of whole blocks.
 */
export function enteringScores(
  graph: GraphBuilder,
  scores: Value,
  { values, k }: Answers,
): Entering {
  const openOf = graph.input("fresh_open_of", "int32", ["batch"]);
  const openings = graph.input("fresh_open_words", "int32", ["openings", "blocks"]);
  const fresh: Fresh = {
    scores: graph.reshape(scores, 0, -1, FRESH_BLOCK),
    open: graph.node("Gather", [openings, openOf]),
  };
  const bar = barOf(graph, { values, k });
  const largest = graph.node("ReduceMax", [fresh.scores, graph.ints(-1)], {
    attributes: { keepdims: 0 },
  });
  const held = graph.node("And", [
    graph.node("Greater", [largest, bar]),
    graph.cast(fresh.open, "bool"),
  ]);
  const isMuch = holdsMuch(graph, held, k);
  const few = graph.node("And", [held, graph.node("Not", [isMuch])]);
  const parts = [
    ofHeldBlocks(graph, fresh, few, bar),
    ofWholeRequests(graph, fresh, graph.reshape(isMuch, -1), k),
  ];
  const all = (of: keyof Entering): Value =>
    graph.node(
      "Concat",
      parts.map((part) => part[of]),
      { attributes: { axis: 0 } },
    );
  return { values: all("values"), slots: all("slots"), requests: all("requests") };
}

const widthOf = (graph: GraphBuilder, matrix: Value): Value =>
  graph.node("Shape", [matrix], { attributes: { start: 1, end: 2 } });

/** float32 [batch, 1], what a score has to be above: the last answer; where one is missing, -inf. */
function barOf(graph: GraphBuilder, { values, k }: Answers): Value {
  const missing = graph.node("Where", [
    graph.node("Less", [widthOf(graph, values), k]),
    graph.constant("float32", [1], Float32Array.of(-Infinity)),
    graph.constant("float32", [1], Float32Array.of(0)),
  ]);
  return graph.node("Add", [leastOf(graph, values), missing]);
}

/**
 * bool [batch, 1]: which requests hold so many blocks that it takes less time to go through all their
 * scores. What is looked into block by block is then never much.
 */
function holdsMuch(graph: GraphBuilder, held: Value, k: Value): Value {
  const counts = graph.node("ReduceSum", [graph.cast(held, "int32"), graph.ints(-1)]);
  const most = graph.node("Div", [graph.node("Min", [k, widthOf(graph, held)]), graph.ints(2)]);
  return graph.node("Greater", [counts, graph.cast(most, "int32")]);
}

/** What is above the bar in some blocks. @param held bool [requests, blocks] */
function ofHeldBlocks(graph: GraphBuilder, fresh: Fresh, held: Value, bar: Value): Entering {
  const places = graph.node("NonZero", [held]);
  const [requests, blocks] = rowsOf(graph, places);
  const each = transposed(graph, places);
  const scores = graph.node("GatherND", [fresh.scores, each]);
  const open = bitsOf(graph, graph.node("GatherND", [fresh.open, each]));
  const isAbove = graph.node("Greater", [scores, graph.node("Gather", [bar, requests])]);
  const entering = graph.node("NonZero", [graph.node("And", [open, isAbove])]);
  const best = bestOf(
    graph,
    graph.node("GatherND", [scores, transposed(graph, entering)]),
    widthOf(graph, entering),
  );
  const inOrder = graph.node("Gather", [entering, best.rows], { attributes: { axis: 1 } });
  const [at, offsets] = rowsOf(graph, inOrder);
  const firsts = graph.node("Mul", [
    blocks,
    graph.constant("int64", [], BigInt64Array.of(BigInt(FRESH_BLOCK))),
  ]);
  return {
    values: best.values,
    slots: graph.node("Add", [graph.node("Gather", [firsts, at]), offsets]),
    requests: graph.node("Gather", [requests, at]),
  };
}

/** The two rows of a matrix. */
function rowsOf(graph: GraphBuilder, matrix: Value): [Value, Value] {
  const rows = graph.nodes("Split", [matrix], 2, { attributes: { axis: 0, num_outputs: 2 } });
  return rows.map((row) => graph.reshape(row, -1)) as [Value, Value];
}

const transposed = (graph: GraphBuilder, matrix: Value): Value =>
  graph.node("Transpose", [matrix], { attributes: { perm: [1, 0] } });

/** The k best of some requests, of which there may be none. @param asked bool [requests]: of which. */
function ofWholeRequests(graph: GraphBuilder, fresh: Fresh, asked: Value, k: Value): Entering {
  const output = (branch: GraphBuilder, { values, slots, requests }: Entering): void => {
    branch.output("values", values, "float32", ["entering"]);
    branch.output("slots", slots, "int64", ["entering"]);
    branch.output("requests", requests, "int64", ["entering"]);
  };
  const some = graph.subgraph("whole_requests");
  output(some, bestOfRequests(some, fresh, asked, k));
  // A branch of its own: ONNX Runtime's TopK cannot have no rows.
  const none = graph.subgraph("no_whole_requests");
  const noPlaces = none.constant("int64", [0], new BigInt64Array(0));
  const noValues = none.constant("float32", [0], new Float32Array(0));
  output(none, { values: noValues, slots: noPlaces, requests: noPlaces });
  const isAny = graph.node("ReduceMax", [graph.cast(asked, "uint8"), graph.ints(0)], {
    attributes: { keepdims: 0 },
  });
  const [values, slots, requests] = graph.nodes("If", [graph.cast(isAny, "bool")], 3, {
    attributes: { then_branch: some, else_branch: none },
  }) as [Value, Value, Value];
  return { values, slots, requests };
}

/** The k best of some requests, of one at least. @param asked bool [requests]: of which. */
function bestOfRequests(graph: GraphBuilder, fresh: Fresh, asked: Value, k: Value): Entering {
  const requests = graph.reshape(graph.node("NonZero", [asked]), -1);
  const own = (of: Value): Value => graph.node("Gather", [of, requests]);
  const open = graph.node("Where", [
    bitsOf(graph, own(fresh.open)),
    own(fresh.scores),
    minusInfinity(graph),
  ]);
  const flat = graph.node("Flatten", [open]);
  const best = bestOf(graph, flat, graph.node("Min", [k, widthOf(graph, flat)]));
  const theirs = graph.node("Expand", [
    graph.node("Unsqueeze", [requests, graph.ints(-1)]),
    graph.node("Shape", [best.rows]),
  ]);
  return {
    values: graph.reshape(best.values, -1),
    slots: graph.reshape(best.rows, -1),
    requests: graph.reshape(theirs, -1),
  };
}

/** From words to bool, in a last dimension of FRESH_BLOCK. */
function bitsOf(graph: GraphBuilder, words: Value): Value {
  const masks = Int32Array.from({ length: FRESH_BLOCK }, (_, bit) => 1 << bit);
  const apart = graph.node("BitwiseAnd", [
    graph.node("Unsqueeze", [words, graph.ints(-1)]),
    graph.constant("int32", [FRESH_BLOCK], masks),
  ]);
  return graph.cast(apart, "bool");
}
