import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import type { BoundFormula } from "../../src/retrieval/formula/bind.ts";
import { minusInfinity } from "./candidates.ts";
import { overLists } from "./exhaustive-search.ts";
import type { OverArchWeights } from "./over-arch.ts";
import {
  bestByValue,
  rankedByValue,
  valuedCandidates,
  type RankingInputs,
  type RankingWeights,
} from "./ranking.ts";
import { bestOf, either, type Ranked } from "./top-k.ts";

/** Something of each fresh item, as an input of the graph. */
export interface FreshTable {
  readonly name: string;
  readonly type: "float32" | "bool";
  /** Numbers an item; null: one, without a dimension for it. */
  readonly width: number | null;
}

/** What ranks fresh items beside their embeddings, in the order and the names of the inputs. */
export interface FreshTables {
  /** The embedding cache: components and gates of a mixture, or the items' part of an MLP. */
  readonly cache: readonly FreshTable[];
  /**
   * The formula, bound to the values that it names, whether or not a compiled item has them: a
   * fresh one may.
   */
  readonly formula: BoundFormula;
  /** Columns that the formula reads, by position. */
  readonly numbers: ReadonlyMap<number, FreshTable>;
  /** Matches of the formula, by `matchKey`. */
  readonly matches: ReadonlyMap<string, FreshTable>;
}

export interface FreshRanking {
  /** Of the compiled items. */
  readonly weights: RankingWeights;
  readonly tables: FreshTables;
  /** K0 */
  readonly candidates: number;
  /** Compiled items: fresh ones have the rows behind theirs. */
  readonly items: number;
}

/**
 * From the heads' lists to the k best by value, with items that came after the artifact was
 * compiled: they compete for the K0 places of each head, and those that get one go through OverArch
 * and Value Model as the others do. A batch without fresh items has no work with them.
 *
 * Inputs: `has_fresh` bool [], `fresh_items` float32 [fresh, dim], `fresh_penalties` float32
 * [batch, fresh], 0 or, where a request may not get an item, -inf, and the tables.
 *
 * @returns rows from `items` on are places among the fresh items.
 */
export function rankedWithFresh(
  graph: GraphBuilder,
  lists: Ranked,
  inputs: RankingInputs,
  { weights, tables, candidates, items }: FreshRanking,
): Ranked {
  const embeddings = graph.input("fresh_items", "float32", ["fresh", inputs.dim]);
  const penalties = graph.input("fresh_penalties", "float32", ["batch", "fresh"]);
  const freshWeights = overTables(graph, weights, tables);
  return either(graph, {
    name: "fresh",
    condition: graph.input("has_fresh", "bool", []),
    lists: 1,
    yes: (branch) => {
      const scores = freshScores(branch, embeddings, penalties, inputs);
      const merged = mergedLists(branch, lists, scores, { candidates, form: inputs.form });
      const old = valuedCandidates(branch, merged.compiled, weights, inputs);
      const young = valuedCandidates(branch, merged.fresh, freshWeights, {
        ...inputs,
        items: embeddings,
        positions: null,
      });
      const behind = branch.node("Add", [young.rows, int64(branch, items)]);
      const joined = (a: Value, b: Value): Value =>
        branch.node("Concat", [a, b], { attributes: { axis: 1 } });
      return bestByValue(
        branch,
        { rows: joined(old.rows, behind), values: joined(old.values, young.values) },
        inputs,
      );
    },
    no: (branch) => rankedByValue(branch, lists, weights, inputs),
  });
}

/** The model's own ranking, of items that are inputs. */
function overTables(
  graph: GraphBuilder,
  { overArch }: RankingWeights,
  { cache, formula, numbers, matches }: FreshTables,
): RankingWeights {
  const input = ({ name, type, width }: FreshTable): Value =>
    graph.input(name, type, width === null ? ["fresh"] : ["fresh", width]);
  const inputs = <K>(tables: ReadonlyMap<K, FreshTable>): Map<K, Value> =>
    new Map(Array.from(tables, ([key, table]) => [key, input(table)]));
  return {
    overArch: overArch === null ? null : overCache(overArch, cache.map(input)),
    value: { formula, columns: { numbers: inputs(numbers), matches: inputs(matches) } },
  };
}

function overCache(overArch: OverArchWeights, [first, second]: readonly Value[]): OverArchWeights {
  return overArch.kind === "mol"
    ? { ...overArch, itemComponents: first!, itemGates: second! }
    : { ...overArch, itemHidden: first! };
}

/** Of each head: float32 [batch, heads, fresh], or [batch, fresh] of one. */
function freshScores(
  graph: GraphBuilder,
  embeddings: Value,
  penalties: Value,
  { queries, heads, dim }: RankingInputs,
): Value {
  const perHead = heads === 1 ? queries : graph.reshape(queries, 0, heads, dim);
  const scores = graph.node("FusedMatMul", [perHead, embeddings], {
    attributes: { transB: 1 },
    domain: "com.microsoft",
  });
  return graph.node("Add", [scores, overLists(graph, penalties, heads)]);
}

/**
 * The K0 best of each head among compiled and fresh items together, then apart again: what is of
 * the other kind has the score -inf. Of equal scores the compiled item comes first.
 *
 * @param scores of the fresh items, of the lists' shape but for the last dimension.
 */
function mergedLists(
  graph: GraphBuilder,
  lists: Ranked,
  scores: Value,
  { candidates, form }: Pick<FreshRanking, "candidates"> & Pick<RankingInputs, "form">,
): { readonly compiled: Ranked; readonly fresh: Ranked } {
  const both = graph.node("Concat", [lists.values, scores], { attributes: { axis: -1 } });
  const widthOf = (matrix: Value): Value =>
    graph.node("Gather", [graph.node("Shape", [matrix]), graph.ints(-1)]);
  const held = widthOf(lists.values);
  const places = graph.node("Min", [graph.ints(candidates), widthOf(both)]);
  const best = bestOf(graph, both, places, form);
  const isFresh = graph.node("GreaterOrEqual", [best.rows, held]);
  const last = graph.node("Sub", [held, graph.ints(1)]);
  const none = minusInfinity(graph);
  return {
    compiled: {
      values: graph.node("Where", [isFresh, none, best.values]),
      rows: graph.node("GatherElements", [lists.rows, graph.node("Min", [best.rows, last])], {
        attributes: { axis: -1 },
      }),
    },
    fresh: {
      values: graph.node("Where", [isFresh, best.values, none]),
      rows: graph.node("Max", [graph.node("Sub", [best.rows, held]), int64(graph, 0)]),
    },
  };
}

const int64 = (graph: GraphBuilder, value: number): Value =>
  graph.constant("int64", [], BigInt64Array.of(BigInt(value)));
