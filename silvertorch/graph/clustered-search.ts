import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import { viewOf, type StoredTensor } from "../../src/onnx/weights-file.ts";
import { bestOfMany } from "../../src/onnx/block-top-k.ts";
import { candidatesOf, minusInfinity } from "./candidates.ts";
import { clusterScores, type ClusterOrder } from "./cluster-order.ts";
import type { ClusterWeights } from "./cluster-weights.ts";
import type { DeviceForm } from "./device-form.ts";
import { exclusion, forEachList } from "./exclusion.ts";
import { eligibleOf } from "./few-eligible.ts";
import { fewSearch } from "./few-search.ts";
import { listCount, overLists, type SearchInputs } from "./exhaustive-search.ts";
import { type OtherWay, unless } from "./other-ways.ts";
import { integerProduct, scaled, scaledQueries } from "./quantised-scoring.ts";
import { halfQueries, scoring } from "./scoring.ts";
import { excludedPlaces } from "./probed-exclusion.ts";
import { bestOf, type Ranked } from "../../src/onnx/top-k.ts";
import { either } from "./top-k.ts";

export interface ClusteredWeights {
  /** float32 or float16 [positions, dim] */
  readonly items: StoredTensor;
  /** float32 [positions, dim]: what is scored where few are eligible. */
  readonly exact: StoredTensor;
  readonly clusters: ClusterWeights;
}

interface Probing {
  readonly inputs: SearchInputs;
  /** int64 [1] */
  readonly probes: Value;
  readonly order: ClusterOrder;
}

/**
 * The best eligible items of each list among the clusters whose centroids have the largest inner
 * products with the list's query, and more where its filter leaves more (cluster-order.ts); among all
 * items where the probes are as many as the clusters. Of these, where filters leave few to the requests
 * of the batch, only those are scored.
 *
 * @returns positions in the place of rows.
 */
export function clusteredSearch(
  graph: GraphBuilder,
  weights: ClusteredWeights,
  { inputs, probes, order }: Probing,
): Ranked {
  const { eligibility, excluded, form } = inputs;
  const { bits } = eligibility;
  const lists = listCount(inputs);
  const clusters = weights.clusters.centroids.dims[0]!;
  const isSome = graph.reshape(graph.node("Less", [probes, graph.ints(clusters)]));
  const placesOf = (branch: GraphBuilder): Value =>
    branch.node("Gather", [branch.weight(weights.clusters.positions), excluded.rows]);
  const whole = (branch: GraphBuilder, penaltiesOf: (inner: GraphBuilder) => Value): Ranked =>
    scannedWhole(branch, weights, { inputs, places: placesOf(branch), penaltiesOf });
  const probing = (branch: GraphBuilder): Ranked =>
    probingSearch(branch, weights, { inputs, probes, order });
  const fork = { name: "probing", condition: isSome, lists, yes: probing };
  if (bits === null || !form.listsFew) {
    return either(graph, { ...fork, no: (branch) => whole(branch, eligibility.ofAll) });
  }
  // In a branch of its own, and the whole search in one of its own, so that the weights of both are packed.
  const probed = either(graph, { ...fork, no: (branch) => nothingFound(branch, lists) });
  const isAll = graph.node("Not", [isSome]);
  const filtered = graph.node("And", [eligibility.filtered, isAll]);
  const eligible = eligibleOf(graph, { ...eligibility, filtered }, bits, inputs.heads);
  const few = (branch: GraphBuilder): Ranked => {
    const placed = { rows: placesOf(branch), penalties: excluded.penalties };
    return fewSearch(branch, eligible, { ...inputs, excluded: placed, items: weights.exact });
  };
  const ways: OtherWay[] = [
    { name: "as_probed", taken: isSome, find: () => probed },
    { name: "few", taken: eligible.few, find: few },
  ];
  return unless(graph, { ways, lists }, (branch) =>
    whole(branch, (inner) => bits.ofBytes(inner, eligible.bytes)),
  );
}

/** What stands for the lists of a search that was not made. */
function nothingFound(graph: GraphBuilder, lists: number): Ranked {
  const shape = lists === 1 ? [0, 0] : [0, lists, 0];
  return {
    values: graph.constant("float32", shape, new Float32Array(0)),
    rows: graph.constant("int64", shape, new BigInt64Array(0)),
  };
}

function scannedWhole(
  graph: GraphBuilder,
  { items, clusters }: ClusteredWeights,
  {
    inputs,
    places,
    penaltiesOf,
  }: {
    readonly inputs: SearchInputs;
    /** Positions that are excluded. */
    readonly places: Value;
    readonly penaltiesOf: (branch: GraphBuilder) => Value;
  },
): Ranked {
  const { eligibility, excluded, k } = inputs;
  const lists = listCount(inputs);
  const allowed = exclusion(graph, scoring(graph, inputs.queries, items, inputs), {
    places: forEachList(graph, places, lists),
    penalties: forEachList(graph, excluded.penalties, lists),
  });
  const { form, order } = inputs;
  const many = { places: items.dims[0]!, lists, form, order };
  const penalised = (branch: GraphBuilder, penalties: Value): Ranked =>
    bestOfMany(branch, branch.node("Add", [allowed, penalties]), k, many);
  return either(graph, {
    name: "filtered",
    condition: eligibility.filtered,
    lists,
    yes: (branch) => penalised(branch, overLists(branch, penaltiesOf(branch), lists)),
    no: (branch) => penalised(branch, branch.weight(viewOf(clusters.padding, [items.dims[0]!]))),
  });
}

function probingSearch(
  graph: GraphBuilder,
  weights: ClusteredWeights,
  { inputs, probes, order }: Probing,
): Ranked {
  const { heads, eligibility, k } = inputs;
  const width = weights.clusters.padding.dims[1]!;
  const dim = weights.items.dims[1]!;
  const queries = graph.reshape(inputs.queries, 0, heads, dim);
  const affinity = graph.node("FusedMatMul", [queries, graph.weight(weights.clusters.centroids)], {
    attributes: { transB: 1 },
    domain: "com.microsoft",
  });
  const { spread } = weights.clusters;
  const byFilter = clusterScores(graph, affinity, { queries, spread, order });
  const probed = bestOf(graph, byFilter, probes).rows;
  const { scores, step } = blockScores(graph, weights, { queries, probed, form: inputs.form });
  const exclusions = excludedPlaces(graph, inputs, { probed, clusters: weights.clusters });
  const allowed = exclusion(graph, scores, exclusions);
  const places = graph.node("Min", [
    k,
    graph.node("Shape", [scores], { attributes: { start: 2, end: 3 } }),
  ]);
  const penalised = (branch: GraphBuilder, penalties: Value): Ranked => {
    const shaped = branch.reshape(penalties, 0, heads, -1);
    const best = bestOf(branch, branch.node("Add", [allowed, shaped]), places, inputs.form);
    const positions = positionsOf(branch, best.rows, { probed, width });
    if (heads === 1) {
      return { values: branch.reshape(best.values, 0, -1), rows: branch.reshape(positions, 0, -1) };
    }
    if (inputs.lists === "heads") return { values: best.values, rows: positions };
    const values = step === null ? best.values : branch.node("Mul", [best.values, step]);
    return united(branch, { values, rows: positions }, inputs);
  };
  const padding = weights.clusters.padding;
  return either(graph, {
    name: "filtered",
    condition: eligibility.filtered,
    lists: listCount(inputs),
    yes: (branch) => {
      return penalised(branch, eligibility.within(branch, branch.reshape(probed, 0, -1)));
    },
    no: (branch) => penalised(branch, branch.node("Gather", [branch.weight(padding), probed])),
  });
}

/**
 * The k best of all heads' lists in one list, each item once, by its largest score: as each list holds
 * the k best of its head, none is missing. A list that has places for all that there is, is not full.
 */
function united(
  graph: GraphBuilder,
  lists: Ranked,
  { heads, k, form, order }: SearchInputs,
): Ranked {
  const { rows, scores } = candidatesOf(graph, lists, heads);
  const one = (values: Value, filling: Value): Value => {
    const batch = graph.node("Shape", [values], { attributes: { start: 0, end: 1 } });
    const shape = graph.node("Concat", [batch, graph.ints(1)], { attributes: { axis: 0 } });
    return graph.node("Concat", [values, graph.node("Expand", [filling, shape])], {
      attributes: { axis: 1 },
    });
  };
  const all = one(scores, minusInfinity(graph));
  const width = graph.node("Shape", [all], { attributes: { start: 1, end: 2 } });
  const best = bestOf(graph, all, graph.node("Min", [k, width]), form, order);
  const anyRow = graph.constant("int64", [], BigInt64Array.of(0n));
  const listed = graph.node("GatherElements", [one(rows, anyRow), best.rows], {
    attributes: { axis: 1 },
  });
  return { values: best.values, rows: listed };
}

interface BlockScores {
  /** float32 [batch, heads, probes x width] */
  readonly scores: Value;
  /** float32 [batch, heads, 1]: what they are divided by; null: by nothing. */
  readonly step: Value | null;
}

interface Scanned {
  /** float32 [batch, heads, dim] */
  readonly queries: Value;
  /** int64 [batch, heads, probes] */
  readonly probed: Value;
  readonly form: DeviceForm;
}

/**
 * Scores of the items of the probed clusters. Of integers, and of float16, a list's scores are divided
 * by a number of its query's, which leaves their order as it is.
 */
function blockScores(
  graph: GraphBuilder,
  { items, clusters }: ClusteredWeights,
  { queries, probed, form }: Scanned,
): BlockScores {
  const [count, width] = clusters.padding.dims as [number, number];
  const dim = items.dims[1]!;
  if (clusters.quantised === null) {
    const blocks = graph.node("Gather", [graph.weight(viewOf(items, [count, width, dim])), probed]);
    const half = items.type === "float16" ? halfQueries(graph, queries) : null;
    const like = half === null ? queries : half.halves;
    const scores = listsOf(graph, blockProducts(graph, like, { blocks, dim, form }));
    if (half === null) return { scores, step: null };
    return { scores: graph.cast(scores, "float32"), step: half.largest };
  }
  const { codes, scales } = clusters.quantised;
  const { rounded, step, zero } = scaledQueries(graph, queries, form);
  const row = graph.node("Unsqueeze", [rounded, graph.ints(2, 3)]);
  const blocks = graph.node("Gather", [graph.weight(codes), probed]);
  const product =
    form.queryBytes === "unsigned"
      ? graph.node("MatMulInteger", [row, blocks, zero])
      : integerProduct(graph, row, blocks);
  const scalesOf = graph.node("Gather", [graph.weight(scales), probed]);
  return { scores: listsOf(graph, scaled(graph, product, scalesOf)), step };
}

/** @param blocks [batch, heads, probes, width, dim]. @returns [batch, heads, .., probes x width] */
function blockProducts(
  graph: GraphBuilder,
  queries: Value,
  {
    blocks,
    dim,
    form,
  }: { readonly blocks: Value; readonly dim: number; readonly form: DeviceForm },
): Value {
  const product = { attributes: { transB: 1 }, domain: "com.microsoft" };
  const [row, items] =
    form.products === "byCluster"
      ? [graph.node("Unsqueeze", [queries, graph.ints(2, 3)]), blocks]
      : [graph.node("Unsqueeze", [queries, graph.ints(2)]), graph.reshape(blocks, 0, 0, -1, dim)];
  return graph.node("FusedMatMul", [row, items], product);
}

/** From [batch, heads, .., 1, ..] to [batch, heads, probes x width]. */
const listsOf = (graph: GraphBuilder, scores: Value): Value => graph.reshape(scores, 0, 0, -1);

/** From places among the probed items to positions: int64 [batch, heads, k]. */
function positionsOf(
  graph: GraphBuilder,
  places: Value,
  { probed, width }: { readonly probed: Value; readonly width: number },
): Value {
  const wide = graph.constant("int64", [], BigInt64Array.of(BigInt(width)));
  const slot = graph.node("Div", [places, wide]);
  const offset = graph.node("Sub", [places, graph.node("Mul", [slot, wide])]);
  const cluster = graph.node("GatherElements", [probed, slot], { attributes: { axis: 2 } });
  return graph.node("Add", [graph.node("Mul", [cluster, wide]), offset]);
}
