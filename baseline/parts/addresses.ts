import type { MeshConfig } from "../mesh-config.ts";
import { allOf } from "./all-of.ts";
import type { Part } from "./part.ts";

/** Where the copies of each service are, host:port. */
export interface Addresses {
  readonly feature: readonly string[];
  readonly filter: readonly string[];
  /** Shard after shard. */
  readonly index: readonly (readonly string[])[];
  /** None: the model needs no ranker. */
  readonly ranker: readonly string[];
  /** None: the gateway has the tower itself, or the model has none. */
  readonly tower: readonly string[];
}

/**
 * Starts every copy of every service at the same time, but for the rankers, which ask another one.
 * @param start Starts one part and tells where it listens.
 * @throws what the first one failed with, once all others have started or failed too: whoever
 *   started them ends them.
 */
export async function startParts(
  { settings, folders }: MeshConfig,
  start: (part: Part) => Promise<string>,
): Promise<Addresses> {
  const { replicas, index, towers } = settings;
  const copies = (count: number, part: Part): Promise<string[]> =>
    allOf(Array.from({ length: count }, () => start(part)));
  const shards = Array.from({ length: index.shards }, (_, shard) =>
    copies(replicas.index, { role: "index", shard }),
  );
  const hasTower = towers === "service" && folders.tower !== null;
  const [feature, filter, tower, ...found] = await allOf([
    copies(replicas.feature, { role: "feature" }),
    copies(replicas.filter, { role: "filter" }),
    copies(hasTower ? replicas.tower : 0, { role: "tower" }),
    ...shards,
  ]);
  const rankers = folders.items === null ? 0 : replicas.ranker;
  const ranker = await copies(rankers, { role: "ranker", feature: feature! });
  return { feature: feature!, filter: filter!, index: found, ranker, tower: tower! };
}
