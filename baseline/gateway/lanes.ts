import type { MeshSettings } from "../../src/scenario/settings.ts";

/** Calls that a gateway has under way at most to each service. */
export interface Lanes {
  readonly feature: number;
  readonly filter: number;
  readonly index: number;
  readonly ranker: number;
  readonly tower: number;
}

/**
 * A call costs a service and its caller far more than one more query in it, so what arrives while a
 * copy of a service is asked waits for the next call. A copy whose work is long has a second call
 * at hand when it is done with the first.
 *
 * Several gateways share what one would have, so that batches do not become smaller than they must.
 *
 * @param searchThreads Of all copies of a shard of the index together.
 */
export function lanesFor(
  { replicas, index }: Pick<MeshSettings, "replicas" | "index">,
  searchThreads: number,
): Lanes {
  const share = (lanes: number): number => Math.ceil(lanes / replicas.gateway);
  return {
    feature: share(replicas.feature),
    filter: share(replicas.filter),
    // One more than it has threads, so that none waits for the wire. A device takes one batch after
    // the other, and the larger it is the less a query costs: while it has one, the next is made
    // ready for it, and a third is read or written.
    index: share(index.device === undefined ? searchThreads + 1 : replicas.index + 2),
    ranker: share(replicas.ranker + 1),
    tower: share(replicas.tower),
  };
}
