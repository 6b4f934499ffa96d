import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import type { StoredTensor } from "../../src/onnx/weights-file.ts";
import type { BoundFormula } from "../../src/retrieval/formula/bind.ts";
import { overLists } from "./exhaustive-search.ts";
import { type ItemTable, type Mix, mixOf } from "./item-table.ts";
import {
  rankedByValue,
  type RankedTables,
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
  inputs: RankingInputs & { readonly items: StoredTensor },
  fresh: FreshRanking,
): Ranked {
  const { weights, items } = fresh;
  const embeddings = graph.input("fresh_items", "float32", ["fresh", inputs.dim]);
  const penalties = graph.input("fresh_penalties", "float32", ["batch", "fresh"]);
  const tables = freshInputs(graph, fresh.tables);
  return either(graph, {
    name: "fresh",
    condition: graph.input("has_fresh", "bool", []),
    lists: 1,
    yes: (branch) => {
      const scores = freshScores(branch, embeddings, penalties, inputs);
      const merged = mergedLists(branch, lists, scores, { ...fresh, form: inputs.form });
      const mixed = (rows: Value): RankedTables => {
        const mix = mixOf(branch, rows, { items, form: inputs.form });
        const compiled = inputs.items;
        return {
          weights: mixedWeights(weights, tables, mix),
          items: { compiled, fresh: embeddings, mix },
        };
      };
      return rankedByValue(branch, merged, mixed, inputs);
    },
    no: (branch) => rankedByValue(branch, lists, weights, inputs),
  });
}

/** The tables' values, in the order of the tables. */
interface FreshInputs {
  readonly cache: readonly Value[];
  readonly numbers: ReadonlyMap<number, Value>;
  readonly matches: readonly Value[];
}

function freshInputs(graph: GraphBuilder, { cache, numbers, matches }: FreshTables): FreshInputs {
  const input = ({ name, type, width }: FreshTable): Value =>
    graph.input(name, type, width === null ? ["fresh"] : ["fresh", width]);
  return {
    cache: cache.map(input),
    numbers: new Map(Array.from(numbers, ([column, table]) => [column, input(table)])),
    matches: Array.from(matches.values(), input),
  };
}

/** The model's own ranking, of items of which some are inputs. */
function mixedWeights(
  { overArch, value }: RankingWeights,
  { cache, numbers, matches }: FreshInputs,
  mix: Mix,
): RankingWeights {
  const mixed = (compiled: ItemTable, fresh: Value): ItemTable => ({
    compiled: compiled as StoredTensor,
    fresh,
    mix,
  });
  const { columns } = value;
  return {
    overArch:
      overArch === null
        ? null
        : overArch.kind === "mol"
          ? {
              ...overArch,
              itemComponents: mixed(overArch.itemComponents, cache[0]!),
              itemGates: mixed(overArch.itemGates, cache[1]!),
            }
          : { ...overArch, itemHidden: mixed(overArch.itemHidden, cache[0]!) },
    value: {
      ...value,
      columns: {
        numbers: new Map(
          Array.from(columns.numbers, ([column, table]) => [
            column,
            mixed(table, numbers.get(column)!),
          ]),
        ),
        // One for one: both formulas know all values that they name.
        matches: new Map(
          Array.from(columns.matches, ([key, table], place) => [
            key,
            mixed(table, matches[place]!),
          ]),
        ),
      },
    },
  };
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
 * The K0 best of each head among compiled and fresh items together, in any order, for the union puts
 * them in its own; of equal scores the compiled item comes first. Fresh ones have the rows from `items` on.
 *
 * @param scores of the fresh items, of the lists' shape but for the last dimension.
 */
function mergedLists(
  graph: GraphBuilder,
  lists: Ranked,
  scores: Value,
  {
    candidates,
    items,
    form,
  }: Pick<FreshRanking, "candidates" | "items"> & Pick<RankingInputs, "form">,
): Ranked {
  const both = graph.node("Concat", [lists.values, scores], { attributes: { axis: -1 } });
  const widthOf = (matrix: Value): Value =>
    graph.node("Gather", [graph.node("Shape", [matrix]), graph.ints(-1)]);
  const held = widthOf(lists.values);
  const places = graph.node("Min", [graph.ints(candidates), widthOf(both)]);
  const best = bestOf(graph, both, places, form, "any");
  const isFresh = graph.node("GreaterOrEqual", [best.rows, held]);
  const last = graph.node("Sub", [held, graph.ints(1)]);
  const old = graph.node("GatherElements", [lists.rows, graph.node("Min", [best.rows, last])], {
    attributes: { axis: -1 },
  });
  const first = graph.node("Sub", [graph.ints(items), held]);
  const young = graph.node("Add", [best.rows, first]);
  return { values: best.values, rows: graph.node("Where", [isFresh, young, old]) };
}
