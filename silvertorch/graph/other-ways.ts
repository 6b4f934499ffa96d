import type { GraphBuilder, Value } from "../../src/onnx/graph-builder.ts";
import type { Ranked } from "../../src/onnx/top-k.ts";
import { either } from "./top-k.ts";

/** A way to the lists that some batches take. */
export interface OtherWay {
  readonly name: string;
  /** bool [] */
  readonly taken: Value;
  readonly find: (branch: GraphBuilder) => Ranked;
}

/**
 * Finds by the first of the ways that is taken, or else itself. Of those one may stand within another's
 * branch, but the product of all items does not: ONNX Runtime packs the weights of a branch beforehand,
 * not those of a branch within it.
 */
export function unless(
  graph: GraphBuilder,
  { ways, lists }: { readonly ways: readonly OtherWay[]; readonly lists: number },
  find: (branch: GraphBuilder) => Ranked,
): Ranked {
  if (ways.length === 0) return find(graph);
  return either(graph, {
    name: ways.map(({ name }) => name).join("_or_"),
    condition: ways
      .map(({ taken }) => taken)
      .reduce((one, other) => graph.node("Or", [one, other])),
    lists,
    yes: (branch) => firstTaken(branch, ways, lists),
    no: find,
  });
}

/** @param ways of which one is taken: the last, if none before it. */
function firstTaken(
  graph: GraphBuilder,
  [first, ...rest]: readonly OtherWay[],
  lists: number,
): Ranked {
  const { name, taken, find } = first!;
  if (rest.length === 0) return find(graph);
  return either(graph, {
    name,
    condition: taken,
    lists,
    yes: find,
    no: (branch) => firstTaken(branch, rest, lists),
  });
}
