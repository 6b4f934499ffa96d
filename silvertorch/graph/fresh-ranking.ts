import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import type { StoredTensor } from "../../src/onnx/weights-file.ts";
import type { BoundFormula } from "../../src/retrieval/formula/bind.ts";
import { overLists } from "./exhaustive-search.ts";
import type { Candidates } from "./candidates.ts";
import { freshPenalties } from "./fresh-openness.ts";
import { type ItemTable, type Mix, mixOf } from "./item-table.ts";
import {
  candidateValues,
  rankedByValue,
  type RankedTables,
  type RankingInputs,
  type RankingWeights,
} from "./ranking.ts";
import { bestOf, type Ranked } from "../../src/onnx/top-k.ts";
import { either, mostAbove } from "./top-k.ts";

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
 * Inputs: `has_fresh` bool [], `fresh_items` float32 [fresh, dim], those of `freshPenalties`, and the
 * tables.
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
  const penaltiesIn = freshPenalties(graph, inputs.form);
  const tables = freshInputs(graph, fresh.tables);
  return either(graph, {
    name: "fresh",
    condition: graph.input("has_fresh", "bool", []),
    lists: 1,
    yes: (branch) => {
      const count = branch.node("Shape", [embeddings], { attributes: { start: 0, end: 1 } });
      // Bits come in whole words.
      const penalties =
        inputs.form.freshItems === "chosen"
          ? penaltiesIn(branch)
          : branch.node("Slice", [penaltiesIn(branch), branch.ints(0), count, branch.ints(1)]);
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
      const valuesOf = (candidates: Candidates): Value =>
        candidateValues(branch, candidates, mixed(candidates.rows), inputs);
      return rankedByValue(
        branch,
        merged,
        (candidates) =>
          inputs.form.freshItems === "chosen"
            ? valuesOf(candidates)
            : inTwoParts(branch, candidates, items, {
                compiled: (part) =>
                  candidateValues(branch, part, { weights, items: inputs.items }, inputs),
                mixed: valuesOf,
              }),
        inputs,
      );
    },
    no: (branch) => rankedByValue(branch, lists, weights, inputs),
  });
}

/**
 * The values of candidates, which come by row, so that fresh ones come last: up to the first place
 * at which any request of the batch has one, all are compiled, and no table need be mixed for them.
 * Neither part is ever without a place, for not every operator takes nothing; what is not of the
 * part is cut off its values.
 *
 * @param items compiled ones.
 */
function inTwoParts(
  graph: GraphBuilder,
  { rows, scores }: Candidates,
  items: number,
  valuesOf: Readonly<Record<"compiled" | "mixed", (part: Candidates) => Value>>,
): Value {
  const int64 = (value: number): Value =>
    graph.constant("int64", [], BigInt64Array.of(BigInt(value)));
  const isFresh = graph.node("GreaterOrEqual", [rows, int64(items)]);
  const anyFresh = graph.node("ReduceMax", [graph.cast(isFresh, "int32"), graph.ints(0)], {
    attributes: { keepdims: 0 },
  });
  const end = graph.constant("int32", [1], Int32Array.of(1));
  const first = graph.node("ArgMax", [
    graph.node("Concat", [anyFresh, end], { attributes: { axis: 0 } }),
  ]);
  const width = graph.node("Shape", [rows], { attributes: { start: 1, end: 2 } });
  const columns = (of: Value, from: Value, to: Value): Value =>
    graph.node("Slice", [of, from, to, graph.ints(1)]);
  const zero = graph.ints(0);
  const some = graph.node("Max", [first, graph.ints(1)]);
  const start = graph.node("Min", [first, graph.node("Sub", [width, graph.ints(1)])]);
  const old = columns(graph.node("Where", [isFresh, int64(0), rows]), zero, some);
  const compiled = valuesOf.compiled({ rows: old, scores: columns(scores, zero, some) });
  const mixed = valuesOf.mixed({
    rows: columns(rows, start, width),
    scores: columns(scores, start, width),
  });
  return graph.node(
    "Concat",
    [columns(compiled, zero, first), columns(mixed, graph.node("Sub", [first, start]), width)],
    { attributes: { axis: 1 } },
  );
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
  const widthOf = (matrix: Value): Value =>
    graph.node("Gather", [graph.node("Shape", [matrix]), graph.ints(-1)]);
  const most = graph.node("Min", [graph.ints(candidates), widthOf(scores)]);
  // A full list takes in only what comes before its last.
  const entering =
    items < candidates ? most : graph.node("Min", [most, mostAbove(graph, scores, lists.values)]);
  const young = bestOf(graph, scores, entering, form);
  const both = graph.node("Concat", [lists.values, young.values], { attributes: { axis: -1 } });
  const held = widthOf(lists.values);
  const places = graph.node("Min", [graph.ints(candidates), widthOf(both)]);
  const best = bestOf(graph, both, places, form, "any");
  const isFresh = graph.node("GreaterOrEqual", [best.rows, held]);
  const rowsAt = (rows: Value, at: Value): Value =>
    graph.node("GatherElements", [rows, at], { attributes: { axis: -1 } });
  const last = graph.node("Sub", [held, graph.ints(1)]);
  const old = rowsAt(lists.rows, graph.node("Min", [best.rows, last]));
  const place = graph.node("Max", [graph.node("Sub", [best.rows, held]), graph.ints(0)]);
  const fresh = graph.node("Add", [rowsAt(young.rows, place), graph.ints(items)]);
  return { values: best.values, rows: graph.node("Where", [isFresh, fresh, old]) };
}
