import { HarnessError } from "../../src/errors.ts";
import { ownProcessStats } from "../../src/door/own-process.ts";
import { StageTimes } from "../../src/door/stage-times.ts";
import type { ProcessStats } from "../../src/door/stats.ts";
import type { Users } from "../../src/retrieval/catalogue.ts";
import type {
  FeatureService,
  ItemFeatures,
  ItemQuery,
  ServiceStats,
  UserFeatures,
} from "../services.ts";
import type { Dated, Follower } from "../live/changes.ts";
import { ChangedRecords } from "./changed-records.ts";
import type { ItemStore } from "./item-store.ts";
import { writeRecords } from "./lmdb-records.ts";
import type { RecordStore } from "./record-store.ts";

/** Writes users into an existing, empty folder: features, float32 little-endian, by id. */
export async function writeFeatures(
  folder: string,
  { ids, features, dim, count }: Users,
  onProgress: (fraction: number) => void,
): Promise<void> {
  const recordOf = (row: number): Buffer =>
    Buffer.from(Float32Array.from(features.subarray(row * dim, (row + 1) * dim)).buffer);
  const users = { count, keyOf: (row: number) => ids[row]!, recordOf };
  await writeRecords(folder, "ids", users, onProgress);
}

export interface FeatureStoreOptions {
  /** Features by user id. */
  readonly users: RecordStore;
  /** Float32 values of a user. */
  readonly dim: number;
  /** What a ranker asks for; null: there is no ranker. */
  readonly items: ItemStore | null;
  /** Items that changed; absent: none will. */
  readonly changed?: ChangedRecords;
  /** Counters of the stores, and the process of a server that they are in; absent: none. */
  readonly storeStats?: () => Promise<{
    readonly process: ProcessStats | null;
    readonly counters: ReadonlyMap<string, number>;
  }>;
  /** What the stores are reached by; absent or null: they are here. */
  readonly connection?: AsyncDisposable | null;
}

/** Where an error arose that says: this service has forgotten changes of the items. */
export const STALE_FEATURES = "feature.version";

/** The feature service: answers from its stores, which end with it, a batch at a time. */
export class FeatureStore implements FeatureService, AsyncDisposable {
  readonly followers: readonly Follower[] = [
    {
      service: "feature",
      apply: (changes) => Promise.resolve(this.#changed.apply(changes)),
    },
  ];
  readonly #options: FeatureStoreOptions;
  readonly #changed: ChangedRecords;
  readonly #times = new StageTimes();
  #reads = 0;
  #itemReads = 0;

  constructor(options: FeatureStoreOptions) {
    this.#options = options;
    this.#changed = options.changed ?? new ChangedRecords([]);
  }

  async users(ids: Float64Array): Promise<readonly (Dated<UserFeatures> | HarnessError)[]> {
    const { users, dim } = this.#options;
    const startMs = performance.now();
    const features = new Float32Array(ids.length * dim);
    const target = new Uint8Array(features.buffer);
    const answers: (Dated<UserFeatures> | HarnessError)[] = [];
    const { version } = this.#changed;
    await users.read(ids, (record, bytes, at) => {
      if (record === null) answers.push(unknownUser(ids[at]!));
      else {
        target.set(record.subarray(0, bytes), at * dim * 4);
        answers.push({ features: features.subarray(at * dim, (at + 1) * dim), version });
      }
    });
    this.#reads += ids.length;
    this.#times.record("feature.read", performance.now() - startMs);
    return answers;
  }

  async items(query: ItemQuery): Promise<ItemFeatures> {
    const { items } = this.#options;
    if (items === null) throw new HarnessError("INTERNAL", "this store holds no items");
    const { version } = this.#changed;
    if (version < query.atLeast) {
      const text = `the feature service has version ${version} of the items, asked for is ${query.atLeast}`;
      throw new HarnessError("UNAVAILABLE", text, {
        where: STALE_FEATURES,
        hint: "it was restarted and is brought up; ask again",
      });
    }
    const startMs = performance.now();
    const features = await items.read(query);
    this.#itemReads += query.rows.length;
    this.#times.record("feature.items", performance.now() - startMs);
    return features;
  }

  async stats(): Promise<readonly ServiceStats[]> {
    const store = await this.#options.storeStats?.();
    const own = {
      process: ownProcessStats("feature"),
      stages: this.#times.encode(),
      counters: new Map([
        ["feature.reads", this.#reads],
        ["feature.item_reads", this.#itemReads],
        ...(store?.counters ?? []),
      ]),
    };
    const server = store?.process ?? null;
    const none = { stages: new Map<string, string>(), counters: new Map<string, number>() };
    return server === null ? [own] : [own, { process: server, ...none }];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#options.users[Symbol.asyncDispose]();
    await this.#options.items?.[Symbol.asyncDispose]();
    await this.#options.connection?.[Symbol.asyncDispose]();
  }
}

/** What an id that no user has is answered with. */
export function unknownUser(id: number): HarnessError {
  return new HarnessError("BAD_INPUT", `there is no user with the id ${id}`, { where: "user_id" });
}
