import { cacheMaker, type CacheMaker } from "../../src/retrieval/over-arch/embedding-cache.ts";
import type { OverArch } from "../../src/retrieval/over-arch/over-arch.ts";
import { columnsInOrder, pairOrder } from "./pair-order.ts";

/**
 * The embedding cache as the graph takes it: a mixture's gates in the order of the graph's pairs.
 * The compiler makes it of a catalogue and the model of each fresh item, so both get the same bits.
 */
export function graphCacheMaker(overArch: OverArch): CacheMaker {
  const make = cacheMaker(overArch);
  if (overArch.kind === "mlp") return make;
  const order = pairOrder(overArch.userGroups, overArch.itemGroups);
  return (catalogue, from, to) => {
    const cache = make(catalogue, from, to);
    return cache.kind === "mol" ? { ...cache, gates: columnsInOrder(cache.gates, order) } : cache;
  };
}
