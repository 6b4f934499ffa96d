import { GraphBuilder, type Value } from "../../src/onnx/graph-builder.ts";
import type { StoredTensor } from "../../src/onnx/weights-file.ts";
import { clusterOrderInput } from "./cluster-order.ts";
import type { ClusterWeights } from "./cluster-weights.ts";
import { clusteredSearch } from "./clustered-search.ts";
import { checkedValues, checkInputs, shortened, starved } from "./exact-check.ts";
import type { LayerWeights } from "./dense-layer.ts";
import type { DeviceForm } from "./device-form.ts";
import { eligibility, type EligibilityWeights } from "./eligibility.ts";
import { exclusionInputs, hiddenInput } from "./exclusion.ts";
import { exhaustiveSearch, type SearchInputs } from "./exhaustive-search.ts";
import {
  foldedSearch,
  foldInputs,
  type FoldedResult,
  type FoldedWeights,
} from "./folded-search.ts";
import { rankedWithFresh, type FreshTables } from "./fresh-ranking.ts";
import { enteringScores } from "./fresh-entering.ts";
import { freshScoring } from "./fresh-scoring.ts";
import type { QuantisedItems } from "./quantised-scoring.ts";
import { rankedByValue, type RankingWeights } from "./ranking.ts";
import { candidateCount, refined } from "./refinement.ts";
import type { Ranked } from "../../src/onnx/top-k.ts";
import { userFeatures } from "./user-features.ts";
import { userTower } from "./user-tower.ts";

export interface RetrievalWeights {
  /** float32 [users, userDim] */
  readonly users: StoredTensor;
  readonly tower: readonly LayerWeights[];
  /** float32 [paddedItems, dim], by row or, where there are clusters, by position. */
  readonly items: StoredTensor;
  /**
   * What is scanned instead of `items`, which then score the candidates only: the same in float16,
   * or 8-bit codes, which clusters have of their own; null: `items`.
   */
  readonly half: StoredTensor | null;
  readonly quantised: QuantisedItems | null;
  /** null: items lie by row and are all scanned. */
  readonly clusters: ClusterWeights | null;
  readonly eligibility: EligibilityWeights;
  /** By which conjunctions are a part of the product; null: they are not. */
  readonly folded: FoldedWeights | null;
  /** int32 [items, cells], by which what signatures let through is checked; null: it is not. */
  readonly cells: StoredTensor | null;
  /** null: an item's value is its score. */
  readonly ranking: (RankingWeights & { readonly fresh: FreshTables }) | null;
}

export interface RetrievalShape {
  readonly heads: number;
  /** K0: candidates kept a head, where more than the score counts. */
  readonly candidates: number;
  readonly items: number;
  readonly form: DeviceForm;
}

/**
 * The whole of retrieval as one graph, from user features to the rows of the best items:
 *
 *   user features -> user tower -> (probe clusters) -> scores -> exclusions -> the best eligible
 *                                                                filter -> eligibility --^
 *
 * Where the score is all that counts, those are the k best, and done. Else they are the best of each
 * head, and go on
 *
 *   -> (fresh items) -> union -> embedding cache -> OverArch -> task logits -> Value Model -> k best
 *
 * Items that came after the artifact was compiled are inputs. Where the score is all that counts,
 * theirs come out as `fresh_scores` float32 [batch, fresh] (fresh-scoring.ts), or on a processor those
 * that may be answers, [entering], with their places `fresh_slots` and whose they are,
 * `fresh_requests`, both int32 (fresh-entering.ts); else they take their places among the candidates
 * (fresh-ranking.ts), and have the rows behind the compiled items'.
 *
 * Where items are found by signatures, the lists are longer at first and are checked.
 * With quantised items somewhat more are kept and scored again in full precision before the cut.
 *
 * Inputs: those of the layers, `plan_of` int32 [batch], the plan of each request, `k` int64 [1], the
 * largest k of the batch, and, where there are clusters, `probes` int64 [1]: how many of them each
 * head looks at, in an order to which `cluster_bonus` adds (cluster-order.ts). Outputs: `values` float32 [batch, k], -inf where fewer items are eligible, and
 * `rows` uint32 [batch, k]; fewer than k columns where no request of the batch has k candidates.
 * Where lists are checked, `fetch` int64 [1] is how long they are before, and `starved` int32
 * [batch] is 1 where that was too short. Where conjunctions can be folded into the product
 * (folded-search.ts), `starved` tells of that check.
 */
export function retrievalGraph(weights: RetrievalWeights, shape: RetrievalShape): GraphBuilder {
  const graph = new GraphBuilder("retrieval");
  const { items, ranking, clusters } = weights;
  const { heads, candidates } = shape;
  const features = userFeatures(graph, weights.users);
  const queries = userTower(graph, features, weights.tower, { heads, dim: items.dims[1]! });
  const k = graph.input("k", "int64", [1]);
  const planOf = graph.input("plan_of", "int32", ["batch"]);
  const hides = clusters === null && shape.form.hiddenItems === "apart";
  const inputs: SearchInputs = {
    queries,
    heads,
    lists: ranking !== null ? "heads" : "score",
    eligibility: eligibility(graph, weights.eligibility, { planOf, hides }),
    excluded: exclusionInputs(graph),
    // Where the score is all that counts, some more answers take less time.
    hidden: hides && ranking !== null ? hiddenInput(graph) : null,
    form: shape.form,
    k: ranking === null ? k : graph.ints(Math.min(candidates, shape.items)),
    order: "bestFirst",
  };
  const lists = best(graph, weights, { ...shape, planOf, inputs });
  const positions = clusters?.positions ?? null;
  const dim = items.dims[1]!;
  const { form } = shape;
  const whole = { features, queries, heads, dim, items, positions, k, form };
  if (ranking !== null) {
    const fresh = { ...shape, weights: ranking, tables: ranking.fresh };
    answers(graph, rankedWithFresh(graph, lists, whole, fresh));
    return graph;
  }
  // What lies in clusters was found by position, and is to be by row where values are equal.
  const byRow = (): Ranked => rankedByValue(graph, lists, null, { ...whole, heads: 1 });
  const found = clusters === null ? lists : byRow();
  answers(graph, found);
  if (form.freshItems === "chosen") {
    const scores = freshScoring(graph, queries, { heads, dim });
    graph.output("fresh_scores", scores, "float32", ["batch", "fresh"]);
    return graph;
  }
  const late = delayed(graph, queries, found.values);
  const scores = freshScoring(graph, late, { heads, dim });
  const entering = enteringScores(graph, scores, { values: found.values, k });
  graph.output("fresh_scores", entering.values, "float32", ["entering"]);
  graph.output("fresh_slots", graph.cast(entering.slots, "int32"), "int32", ["entering"]);
  graph.output("fresh_requests", graph.cast(entering.requests, "int32"), "int32", ["entering"]);
  return graph;
}

/**
 * A matrix as it is, but only once another of as many rows is there. Else ONNX Runtime scores fresh
 * items before all others, and their scores have left the cache when they are looked through.
 */
function delayed(graph: GraphBuilder, matrix: Value, other: Value): Value {
  const rows = graph.node("Shape", [other], { attributes: { start: 0, end: 1 } });
  const shape = graph.node("Concat", [rows, graph.ints(-1)], { attributes: { axis: 0 } });
  return graph.node("Reshape", [matrix, shape]);
}

function answers(graph: GraphBuilder, { values, rows }: Ranked): void {
  graph.output("values", values, "float32", ["batch", "k"]);
  graph.output("rows", graph.cast(rows, "uint32"), "uint32", ["batch", "k"]);
}

interface Scope {
  readonly items: number;
  /** int32 [batch] */
  readonly planOf: Value;
  readonly inputs: SearchInputs;
}

/** The best eligible items of each list, by their scores in full precision. */
function best(graph: GraphBuilder, weights: RetrievalWeights, scope: Scope): Ranked {
  const { items, half, quantised, clusters, cells, folded } = weights;
  const { inputs, planOf } = scope;
  if (folded !== null) return foldedOrNot(graph, { items, folded }, scope);
  const isRough = half !== null || quantised !== null || (clusters?.quantised ?? null) !== null;
  const wanted = isRough ? candidateCount(graph, inputs.k, scope.items) : inputs.k;
  const fetched =
    cells === null ? wanted : graph.node("Max", [wanted, graph.input("fetch", "int64", [1])]);
  const order = isRough ? "any" : inputs.order;
  const found = search(graph, weights, {
    ...scope,
    inputs: { ...inputs, k: fetched, order },
  });
  const rows = clusters === null ? found.rows : rowsOf(graph, clusters, found.rows);
  const values =
    cells === null
      ? found.values
      : eligibleValues(graph, { values: found.values, rows }, { cells, planOf, wanted: inputs.k });
  if (isRough) {
    const precise = refined(graph, { values, rows: found.rows }, { ...inputs, items });
    if (clusters === null) return precise;
    return { values: precise.values, rows: rowsOf(graph, clusters, precise.rows) };
  }
  return cells === null ? { values, rows } : shortened(graph, { values, rows }, inputs.k);
}

/** Of a batch whose filters can all be folded, the search that does so; `starved` is its result. */
function foldedOrNot(
  graph: GraphBuilder,
  { items, folded }: { readonly items: StoredTensor; readonly folded: FoldedWeights },
  { items: count, planOf, inputs }: Scope,
): Ranked {
  const dim = items.dims[1]!;
  const fold = foldInputs(graph, folded.items.dims[1]! - dim);
  const branch = (name: string, find: (inner: GraphBuilder) => FoldedResult): GraphBuilder => {
    const inner = graph.subgraph(name);
    const { values, rows, starved: lacking } = find(inner);
    inner.output("values", values, "float32", ["batch", "k"]);
    inner.output("rows", rows, "int64", ["batch", "k"]);
    inner.output("starved", lacking, "int32", ["batch"]);
    return inner;
  };
  const yes = branch("folded", (inner) =>
    foldedSearch(inner, folded, { items: count, dim, inputs, fold, planOf }),
  );
  const no = branch("not_folded", (inner) => ({
    values: inner.constant("float32", [0, 0], new Float32Array(0)),
    rows: inner.constant("int64", [0, 0], new BigInt64Array(0)),
    starved: inner.node("Sub", [planOf, planOf]),
  }));
  const [values, rows, lacking] = graph.nodes("If", [fold.folded], 3, {
    attributes: { then_branch: yes, else_branch: no },
  }) as [Value, Value, Value];
  graph.output("starved", lacking, "int32", ["batch"]);
  const weights = { items, quantised: null, exact: items };
  return exhaustiveSearch(
    graph,
    weights,
    { items: count, inputs },
    { name: "as_folded", taken: fold.folded, find: () => ({ values, rows }) },
  );
}

/** Items found among all, by row, or in clusters, by position. */
function search(graph: GraphBuilder, weights: RetrievalWeights, scope: Scope): Ranked {
  const { clusters, quantised } = weights;
  const items = weights.half ?? weights.items;
  if (clusters === null) {
    return exhaustiveSearch(graph, { items, quantised, exact: weights.items }, scope);
  }
  const probes = graph.input("probes", "int64", [1]);
  const order = clusterOrderInput(graph, scope.planOf);
  const { inputs } = scope;
  return clusteredSearch(
    graph,
    { items, exact: weights.items, clusters },
    { inputs, probes, order },
  );
}

/** The values of what passes the exact check; `starved` becomes a result of the graph. */
function eligibleValues(
  graph: GraphBuilder,
  lists: Ranked,
  {
    cells,
    planOf,
    wanted,
  }: { readonly cells: StoredTensor; readonly planOf: Value; readonly wanted: Value },
): Value {
  const after = checkedValues(graph, lists, { cells, inputs: checkInputs(graph), planOf });
  const lacking = starved(graph, { before: lists.values, after, wanted });
  graph.output("starved", lacking, "int32", ["batch"]);
  return after;
}

const rowsOf = (graph: GraphBuilder, { rows }: ClusterWeights, positions: Value): Value =>
  graph.cast(graph.node("Gather", [graph.weight(rows), positions]), "int64");
