import { remoteFeature } from "../feature/feature-rpc.ts";
import { remoteFilter } from "../filter/filter-rpc.ts";
import { remoteIndex } from "../index/index-rpc.ts";
import { ShardedIndex } from "../index/sharded-index.ts";
import type { MeshConfig } from "../mesh-config.ts";
import {
  FEATURE_SERVICE,
  FILTER_SERVICE,
  INDEX_SERVICE,
  RANKER_SERVICE,
  TOWER_SERVICE,
} from "../mesh-wire.ts";
import { remoteRanker } from "../ranker/ranker-rpc.ts";
import { type ReplicaOptions, ReplicaSet } from "../replica-set.ts";
import type { MeshServices } from "../services.ts";
import { remoteTower } from "../tower/tower-rpc.ts";
import type { Addresses } from "./addresses.ts";
import { Closing } from "./closing.ts";

/** How the services of a mesh are called. */
export const replicaOptions = ({ tls, settings }: MeshConfig): ReplicaOptions => ({
  tls: tls?.client ?? null,
  hedgeAfterMs: settings.hedgeAfterMs === "off" ? null : settings.hedgeAfterMs,
});

/** The services of a mesh, and what must be closed once they are not called any more. */
export interface ReachedServices extends AsyncDisposable {
  readonly services: MeshServices;
}

/**
 * Connects to every copy of every service.
 * @throws HarnessError UNAVAILABLE naming one that is not serving.
 */
export function connectServices(
  mesh: MeshConfig,
  { feature, filter, index, ranker, tower }: Addresses,
): Promise<ReachedServices> {
  const { partial, partialAfterMs } = mesh.settings;
  const closing = new Closing();
  const connect = async (addresses: readonly string[], service: string): Promise<ReplicaSet> => {
    const set = await ReplicaSet.connect(addresses, service, replicaOptions(mesh));
    closing.defer(() => set.close());
    return set;
  };
  const connectAny = async (addresses: readonly string[], service: string) =>
    addresses.length === 0 ? null : await connect(addresses, service);
  return closing.unless(async () => {
    const [features, filters, shards, rankers, towers] = await Promise.all([
      connect(feature, FEATURE_SERVICE),
      connect(filter, FILTER_SERVICE),
      Promise.all(index.map((shard) => connect(shard, INDEX_SERVICE))),
      connectAny(ranker, RANKER_SERVICE),
      connectAny(tower, TOWER_SERVICE),
    ]);
    return {
      services: {
        feature: remoteFeature(features),
        filter: remoteFilter(filters),
        index: new ShardedIndex(
          shards.map(remoteIndex),
          partial === "allow" ? partialAfterMs : null,
        ),
        ranker: rankers === null ? null : remoteRanker(rankers),
        tower: towers === null ? null : remoteTower(towers),
      },
      [Symbol.asyncDispose]: () => closing[Symbol.asyncDispose](),
    };
  });
}
