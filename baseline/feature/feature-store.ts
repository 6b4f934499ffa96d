import { open, type RootDatabase } from "lmdb";
import { HarnessError } from "../../src/errors.ts";
import { ownProcessStats } from "../../src/door/own-process.ts";
import { StageTimes } from "../../src/door/stage-times.ts";
import type { Users } from "../../src/retrieval/catalogue.ts";
import type { FeatureService, ItemFeatures, ItemQuery, ServiceStats } from "../services.ts";
import type { ItemStore } from "./item-store.ts";

/** Users written in one transaction. */
const CHUNK_USERS = 10_000;

/** LMDB with user ids as keys and their features, float32 little-endian, as values. */
const openStore = (folder: string, readOnly: boolean): RootDatabase<Buffer, number> =>
  open<Buffer, number>(folder, { encoding: "binary", readOnly, noSubdir: false });

/** Writes users into an existing, empty folder. */
export async function writeFeatures(
  folder: string,
  users: Users,
  onProgress: (fraction: number) => void,
): Promise<void> {
  const store = openStore(folder, false);
  const { ids, features, dim, count } = users;
  try {
    for (let from = 0; from < count; from += CHUNK_USERS) {
      const to = Math.min(from + CHUNK_USERS, count);
      await store.transaction(() => {
        for (let row = from; row < to; row++) {
          // A buffer of its own: the store reads it later, and cannot read shared memory.
          const own = Float32Array.from(features.subarray(row * dim, (row + 1) * dim));
          void store.put(ids[row]!, Buffer.from(own.buffer));
        }
      });
      onProgress(to / count);
    }
    await store.flushed;
  } finally {
    await store.close();
  }
}

/** The feature service: reads from disk through the page cache, a batch at a time. */
export class FeatureStore implements FeatureService, AsyncDisposable {
  readonly #store: RootDatabase<Buffer, number>;
  readonly #dim: number;
  readonly #items: ItemStore | null;
  readonly #times = new StageTimes();
  #reads = 0;
  #itemReads = 0;

  /**
   * @param dim Float32 values of a user.
   * @param items What a ranker asks for; null: there is no ranker. It ends with this store.
   */
  constructor(folder: string, dim: number, items: ItemStore | null = null) {
    this.#store = openStore(folder, true);
    this.#dim = dim;
    this.#items = items;
  }

  users(ids: Float64Array): Promise<readonly (Float32Array | HarnessError)[]> {
    const startMs = performance.now();
    const features = new Float32Array(ids.length * this.#dim);
    const target = new Uint8Array(features.buffer);
    const bytes = this.#dim * 4;
    const answers = Array.from(ids, (id, i) => {
      // The store's one buffer, larger than it says, which the next read fills anew.
      const found = this.#store.getBinaryFast(id);
      if (found === undefined) return unknownUser(id);
      target.set(found.subarray(0, bytes), i * bytes);
      return features.subarray(i * this.#dim, (i + 1) * this.#dim);
    });
    this.#reads += ids.length;
    this.#times.record("feature.read", performance.now() - startMs);
    return Promise.resolve(answers);
  }

  // oxlint-disable-next-line typescript/require-await -- what it throws must be a rejection
  async items(query: ItemQuery): Promise<ItemFeatures> {
    if (this.#items === null) throw new HarnessError("INTERNAL", "this store holds no items");
    const startMs = performance.now();
    const features = this.#items.read(query);
    this.#itemReads += query.rows.length;
    this.#times.record("feature.items", performance.now() - startMs);
    return features;
  }

  stats(): Promise<readonly ServiceStats[]> {
    return Promise.resolve([
      {
        process: ownProcessStats("feature"),
        stages: this.#times.encode(),
        counters: new Map([
          ["feature.reads", this.#reads],
          ["feature.item_reads", this.#itemReads],
        ]),
      },
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#store.close();
    await this.#items?.[Symbol.asyncDispose]();
  }
}

/** What an id that no user has is answered with. */
export function unknownUser(id: number): HarnessError {
  return new HarnessError("BAD_INPUT", `there is no user with the id ${id}`, { where: "user_id" });
}
