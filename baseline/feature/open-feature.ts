import { HarnessError } from "../../src/errors.ts";
import { withMatched } from "../../src/retrieval/formula/matched.ts";
import { parseFormula } from "../../src/retrieval/formula/parse.ts";
import { DatasetReader } from "../dataset-reader.ts";
import type { MeshConfig } from "../mesh-config.ts";
import { CachedRecords } from "./cached-records.ts";
import { ChangedRecords } from "./changed-records.ts";
import { FeatureStore } from "./feature-store.ts";
import { ItemStore } from "./item-store.ts";
import { LmdbRecords } from "./lmdb-records.ts";
import type { KeyRange, RecordStore } from "./record-store.ts";
import { RedisConnection } from "./redis-records.ts";

/** Opens one of the parts that were built. */
type OpenRecords = (folder: string, keys: KeyRange) => Promise<RecordStore>;

/**
 * The feature service of a mesh, from what was built for it: as it lies in LMDB, or from a Redis
 * server, which is filled from there.
 */
export async function openFeature(config: MeshConfig): Promise<{
  readonly store: FeatureStore;
  readonly dim: number;
}> {
  const { datasetFolder, folders, settings, model } = config;
  const reader = await DatasetReader.open(datasetFolder);
  const { manifest, itemDim } = reader;
  // The ranker's formula may ask for values that only items have which come later.
  const columns = withMatched(await reader.columns(), parseFormula(model.value));
  const changed = new ChangedRecords(folders.items === null ? [] : columns);
  const dim = manifest.userDim;
  const kinds = manifest.columns.map(({ kind }) => kind);
  const url = redisUrl(config);
  const redis = url === null ? null : await RedisConnection.open(url);
  const open = redis === null ? openLmdb : openIn(redis);
  const cached = async (folder: string, keys: KeyRange): Promise<CachedRecords> =>
    new CachedRecords(await open(folder, keys), settings.featureCache);
  const users = await cached(folders.features, "ids");
  const items = folders.items === null ? null : await cached(folders.items, "rows");
  const sum = (count: "hits" | "misses"): number => users[count] + (items?.[count] ?? 0);
  const store = new FeatureStore({
    users,
    dim,
    changed,
    items: items === null ? null : new ItemStore(items, { itemDim, kinds }, changed),
    storeStats: async () => ({
      process: redis === null ? null : await redis.processStats(),
      counters: new Map([
        ["feature.cache_hits", sum("hits")],
        ["feature.cache_misses", sum("misses")],
      ]),
    }),
    connection: redis,
  });
  return { store, dim };
}

function redisUrl({ settings: { store }, redis }: MeshConfig): string | null {
  if (store === "lmdb") return null;
  if (store !== "redis") return store;
  if (redis === undefined) throw new HarnessError("INTERNAL", "no Redis server was started");
  return redis;
}

const openLmdb: OpenRecords = (folder, keys) => Promise.resolve(new LmdbRecords(folder, keys));

const openIn =
  (redis: RedisConnection): OpenRecords =>
  (folder, keys) =>
    redis.records(
      folder,
      () => new LmdbRecords(folder, keys),
      () => {},
    );
