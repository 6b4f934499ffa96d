import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import type { StoredTensor } from "../../src/onnx/weights-file.ts";
import { bestOfMany } from "../../src/onnx/block-top-k.ts";
import type { DeviceForm } from "./device-form.ts";
import type { Eligibility } from "./eligibility.ts";
import {
  exclusion,
  forEachList,
  withoutHidden,
  withPadding,
  type ExclusionInputs,
} from "./exclusion.ts";
import { eligibleOf } from "./few-eligible.ts";
import { fewSearch } from "./few-search.ts";
import { type OtherWay, unless } from "./other-ways.ts";
import { quantisedScoring, type QuantisedItems } from "./quantised-scoring.ts";
import { scoring, type Lists } from "./scoring.ts";
import { type Order, type Ranked } from "../../src/onnx/top-k.ts";
import { either } from "./top-k.ts";

export interface SearchWeights {
  /** float32 or float16 [paddedItems, dim] */
  readonly items: StoredTensor;
  /** What is scanned instead of `items`; null: `items`. */
  readonly quantised: QuantisedItems | null;
  /** float32 [paddedItems, dim]: what is scored where few are eligible. */
  readonly exact: StoredTensor;
}

/** What a batch is searched with. */
export interface SearchInputs {
  /** float32 [batch, heads x dim] */
  readonly queries: Value;
  readonly heads: number;
  readonly lists: Lists;
  readonly eligibility: Eligibility;
  readonly form: DeviceForm;
  readonly excluded: ExclusionInputs;
  /** int32 [hidden]: rows that no request may get; null: each excludes them by itself. */
  readonly hidden: Value | null;
  /** int64 [1]: places of a list. */
  readonly k: Value;
  /** Of a list that is scored and put in order again, any will do. */
  readonly order: Order;
}

/** How many lists a request has. */
export const listCount = ({ heads, lists }: Pick<SearchInputs, "heads" | "lists">): number =>
  lists === "heads" ? heads : 1;

interface Catalogue {
  readonly items: number;
  readonly inputs: SearchInputs;
}

/**
 * The best eligible items of each list, of all items. Where filters leave few to every request of
 * the batch, only those are scored. A batch in which no request has a filter goes to the TopK
 * directly.
 *
 * @param instead what a batch is searched by, if it is not searched here.
 */
export function exhaustiveSearch(
  graph: GraphBuilder,
  weights: SearchWeights,
  catalogue: Catalogue,
  instead: OtherWay | null = null,
): Ranked {
  const { inputs } = catalogue;
  const { eligibility, form } = inputs;
  const { bits } = eligibility;
  const others = instead === null ? [] : [instead];
  const lists = listCount(inputs);
  if (bits === null || !form.listsFew) {
    return unless(graph, { ways: others, lists }, (branch) =>
      wholeSearch(branch, weights, { ...catalogue, penaltiesOf: eligibility.ofAll }),
    );
  }
  const eligible = eligibleOf(graph, eligibility, bits, inputs.heads);
  const few: OtherWay = {
    name: "few",
    taken: eligible.few,
    find: (branch) => fewSearch(branch, eligible, { ...inputs, items: weights.exact }),
  };
  return unless(graph, { ways: [...others, few], lists }, (branch) => {
    const penaltiesOf = (inner: GraphBuilder): Value => bits.ofBytes(inner, eligible.bytes);
    return wholeSearch(branch, weights, { ...catalogue, penaltiesOf });
  });
}

function wholeSearch(
  graph: GraphBuilder,
  { items, quantised }: SearchWeights,
  {
    items: count,
    inputs,
    penaltiesOf,
  }: Catalogue & { readonly penaltiesOf: (branch: GraphBuilder) => Value },
): Ranked {
  const { queries, k, eligibility, form, order } = inputs;
  const scores =
    quantised === null
      ? scoring(graph, queries, items, inputs)
      : quantisedScoring(graph, queries, quantised, inputs);
  const excluded = withPadding(graph, inputs.excluded, {
    items: count,
    paddedItems: items.dims[0]!,
  });
  const lists = listCount(inputs);
  const allowed = exclusion(graph, withoutHidden(graph, scores, inputs.hidden), {
    places: forEachList(graph, excluded.rows, lists),
    penalties: forEachList(graph, excluded.penalties, lists),
  });
  const many = { places: items.dims[0]!, lists, form, order };
  return either(graph, {
    name: "filtered",
    condition: eligibility.filtered,
    lists,
    yes: (branch) => {
      const penalties = overLists(branch, penaltiesOf(branch), lists);
      return bestOfMany(branch, branch.node("Add", [allowed, penalties]), k, many);
    },
    no: (branch) => bestOfMany(branch, allowed, k, many),
  });
}

/** From [batch, n] to what adds to the scores of several lists. */
export const overLists = (graph: GraphBuilder, penalties: Value, lists: number): Value =>
  lists === 1 ? penalties : graph.node("Unsqueeze", [penalties, graph.ints(1)]);
