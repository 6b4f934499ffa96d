import type { RecordStore, UseRecord } from "./record-store.ts";

/** Remembers the records read last; the least lately used makes room. */
export class CachedRecords implements RecordStore {
  readonly #store: RecordStore;
  readonly #capacity: number;
  /** In the order of their last use, the oldest first. */
  readonly #kept = new Map<number, Uint8Array>();
  #hits = 0;
  #misses = 0;

  /** @param capacity Records kept; 0: none. @param store It ends with this. */
  constructor(store: RecordStore, capacity: number) {
    this.#store = store;
    this.#capacity = capacity;
  }

  /** Records that were found here, counted from the start. */
  get hits(): number {
    return this.#hits;
  }

  /** Records that the store was asked for. */
  get misses(): number {
    return this.#misses;
  }

  async read(keys: ArrayLike<number>, use: UseRecord): Promise<void> {
    if (this.#capacity === 0) {
      this.#misses += keys.length;
      return this.#store.read(keys, use);
    }
    const found = Array.from(keys, (key) => this.#get(key));
    const missing = Array.from(keys).filter((_, at) => found[at] === undefined);
    this.#hits += keys.length - missing.length;
    this.#misses += missing.length;
    const fresh: (Uint8Array | null)[] = [];
    if (missing.length > 0) {
      await this.#store.read(missing, (record, bytes, at) => {
        fresh.push(
          record === null
            ? null
            : this.#keep(missing[at]!, new Uint8Array(record.subarray(0, bytes))),
        );
      });
    }
    let next = 0;
    for (const [at, known] of found.entries()) {
      const record = known ?? fresh[next++]!;
      use(record, record?.length ?? 0, at);
    }
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#store[Symbol.asyncDispose]();
  }

  #get(key: number): Uint8Array | undefined {
    const record = this.#kept.get(key);
    if (record !== undefined) {
      this.#kept.delete(key);
      this.#kept.set(key, record);
    }
    return record;
  }

  /** @param record In memory of its own: `slice` of a Buffer would not be. */
  #keep(key: number, record: Uint8Array): Uint8Array {
    this.#kept.delete(key);
    this.#kept.set(key, record);
    if (this.#kept.size > this.#capacity) {
      const [oldest] = this.#kept.keys();
      this.#kept.delete(oldest!);
    }
    return record;
  }
}
