import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import type { StoredTensor } from "../../src/onnx/weights-file.ts";
import { FOLD_PENALTY } from "../eligibility/fold.ts";
import { bestOfMany } from "../../src/onnx/block-top-k.ts";
import { minusInfinity } from "./candidates.ts";
import { type ClauseInputs, clauseInputs, clausesHold } from "./clause-check.ts";
import { shortened, starved } from "./exact-check.ts";
import { exclusion, withoutHidden, withPadding } from "./exclusion.ts";
import type { SearchInputs } from "./exhaustive-search.ts";
import { scoring } from "./scoring.ts";
import type { Ranked } from "../../src/onnx/top-k.ts";

export interface FoldedWeights {
  /** float32 [paddedItems, dim + foldDims]: embeddings, and behind them what is required of them. */
  readonly items: StoredTensor;
  /** int32 [items, cells] */
  readonly cells: StoredTensor;
}

/** What a batch requires, as inputs of the graph. */
export interface FoldInputs {
  /** bool []: whether the batch is searched so. */
  readonly folded: Value;
  /** float32 [batch, foldDims] */
  readonly penalties: Value;
  /** int64 [1]: places of a list before the check; as many as wanted, if that is more. */
  readonly places: Value;
  /** By which what was found is checked. */
  readonly clauses: ClauseInputs;
}

/** Inputs: `folded`, `fold_penalties`, `fold_places`, and clauses whose names begin with `fold`. */
export function foldInputs(graph: GraphBuilder, foldDims: number): FoldInputs {
  return {
    folded: graph.input("folded", "bool", []),
    penalties: graph.input("fold_penalties", "float32", ["batch", foldDims]),
    places: graph.input("fold_places", "int64", [1]),
    clauses: clauseInputs(graph, "fold"),
  };
}

/** A list, and `starved` int32 [batch]: whether it lost so much to the check that it is short. */
export interface FoldedResult extends Ranked {
  readonly starved: Value;
}

interface FoldedScope {
  readonly items: number;
  /** Of an embedding. */
  readonly dim: number;
  readonly inputs: SearchInputs;
  readonly fold: FoldInputs;
  /** int32 [batch] */
  readonly planOf: Value;
}

/** Lists that lost too much to the check are so many times as long when they are made again. */
const LONGER = 4;
const LEAST_LONGER = 512;

/**
 * The k best eligible items of all, of one list: what a filter requires is a part of the product
 * (eligibility/fold.ts), and the few that come first are checked by their cells. The lists that
 * are then short, though more seem to match, are made again of the same scores, longer.
 */
export function foldedSearch(
  graph: GraphBuilder,
  weights: FoldedWeights,
  scope: FoldedScope,
): FoldedResult {
  const { items, dim, inputs, fold, planOf } = scope;
  const { heads, k } = inputs;
  const wide = widened(graph, inputs, { fold, dim, foldDims: weights.items.dims[1]! - dim });
  const scores = scoring(graph, wide, weights.items, { heads, lists: "score" });
  const excluded = withPadding(graph, inputs.excluded, {
    items,
    paddedItems: weights.items.dims[0]!,
  });
  const allowed = exclusion(graph, withoutHidden(graph, scores, inputs.hidden), {
    places: excluded.rows,
    penalties: excluded.penalties,
  });
  const places = atMost(graph, items, graph.node("Max", [k, fold.places]));
  const first = checkedBest(graph, weights, { scope, scores: allowed, planOf, places });
  return longerWhereStarved(graph, first, (branch, ofStarved) =>
    checkedBest(branch, weights, {
      scope,
      scores: ofStarved(allowed),
      planOf: ofStarved(planOf),
      places: atMost(
        branch,
        items,
        branch.node("Max", [
          branch.node("Mul", [places, branch.ints(LONGER)]),
          branch.ints(LEAST_LONGER),
        ]),
      ),
    }),
  );
}

const atMost = (graph: GraphBuilder, items: number, places: Value): Value =>
  graph.node("Min", [places, graph.ints(items)]);

interface Search {
  readonly scope: FoldedScope;
  /** float32 [requests, paddedItems], of some requests of the batch. */
  readonly scores: Value;
  /** int32 [requests] */
  readonly planOf: Value;
  /** int64 [1]: places of a list before the check, at least k. */
  readonly places: Value;
}

/** The k best that pass the check. */
function checkedBest(
  graph: GraphBuilder,
  { items, cells }: FoldedWeights,
  { scope: { inputs, fold }, scores, planOf, places }: Search,
): FoldedResult {
  const { k, form } = inputs;
  const { values, rows } = bestOfMany(graph, scores, places, {
    places: items.dims[0]!,
    lists: 1,
    form,
  });
  const nothing = minusInfinity(graph);
  const sunk = graph.constant("float32", [], Float32Array.of(-FOLD_PENALTY / 2));
  const before = graph.node("Where", [graph.node("Less", [values, sunk]), nothing, values]);
  const eligible = clausesHold(graph, fold.clauses, { cells, rows, planOf });
  const after = graph.node("Where", [eligible, before, nothing]);
  return {
    ...shortened(graph, { values: after, rows }, k),
    starved: starved(graph, { before, after, wanted: k }),
  };
}

/**
 * The results, those of starved requests made anew.
 * @param search makes them, of what `ofStarved` takes of the batch's values: theirs.
 */
function longerWhereStarved(
  graph: GraphBuilder,
  first: FoldedResult,
  search: (branch: GraphBuilder, ofStarved: (of: Value) => Value) => FoldedResult,
): FoldedResult {
  const output = (branch: GraphBuilder, { values, rows, starved: lacking }: FoldedResult): void => {
    branch.output("values", values, "float32", ["batch", "k"]);
    branch.output("rows", rows, "int64", ["batch", "k"]);
    branch.output("starved", lacking, "int32", ["batch"]);
  };
  const longer = graph.subgraph("longer");
  const requests = longer.reshape(longer.node("NonZero", [first.starved]), -1);
  const second = search(longer, (of) => longer.node("Gather", [of, requests]));
  const places = longer.node("Unsqueeze", [requests, longer.ints(-1)]);
  const put = (into: Value, of: Value): Value => longer.node("ScatterND", [into, places, of]);
  output(longer, {
    values: put(first.values, second.values),
    rows: put(first.rows, second.rows),
    starved: put(first.starved, second.starved),
  });
  const enough = graph.subgraph("enough");
  output(enough, first);
  const some = graph.node("ReduceMax", [first.starved, graph.ints(0)], {
    attributes: { keepdims: 0 },
  });
  const [values, rows, lacking] = graph.nodes("If", [graph.cast(some, "bool")], 3, {
    attributes: { then_branch: longer, else_branch: enough },
  }) as [Value, Value, Value];
  return { values, rows, starved: lacking };
}

/** Queries with what they require behind each head's: float32 [batch, heads x (dim + foldDims)]. */
function widened(
  graph: GraphBuilder,
  { queries, heads }: SearchInputs,
  {
    fold,
    dim,
    foldDims,
  }: { readonly fold: FoldInputs; readonly dim: number; readonly foldDims: number },
): Value {
  const behind = (query: Value, axis: number, penalties: Value): Value =>
    graph.node("Concat", [query, penalties], { attributes: { axis } });
  if (heads === 1) return behind(queries, 1, fold.penalties);
  const ofHeads = graph.node("Expand", [
    graph.node("Unsqueeze", [fold.penalties, graph.ints(1)]),
    graph.ints(1, heads, 1),
  ]);
  const wide = behind(graph.reshape(queries, 0, heads, dim), 2, ofHeads);
  return graph.reshape(wide, 0, heads * (dim + foldDims));
}
