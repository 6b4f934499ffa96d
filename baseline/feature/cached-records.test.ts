import { describe, expect, it } from "vitest";
import { CachedRecords } from "./cached-records.ts";
import type { RecordStore } from "./record-store.ts";

/** Records of two bytes, the key and its double, of keys below 100. */
function storeOf(asked: number[][]): RecordStore {
  const buffer = Buffer.alloc(8); // one for all, longer than a record, as LMDB's is
  return {
    read: async (keys, use) => {
      asked.push(Array.from(keys));
      for (const [at, key] of Array.from(keys).entries()) {
        buffer.set([key, (key * 2) % 256]);
        use(key < 100 ? buffer : null, key < 100 ? 2 : 0, at);
      }
    },
    [Symbol.asyncDispose]: async () => {},
  };
}

async function read(records: RecordStore, keys: number[]): Promise<(number[] | null)[]> {
  const found: (number[] | null)[] = [];
  await records.read(keys, (record, bytes, at) => {
    expect(at).toBe(found.length);
    found.push(record === null ? null : [...record.subarray(0, bytes)]);
  });
  return found;
}

describe("CachedRecords", () => {
  it("asks the store once for what it keeps, and answers in the order asked", async () => {
    const asked: number[][] = [];
    const records = new CachedRecords(storeOf(asked), 10);
    expect(await read(records, [3, 200, 1])).toEqual([[3, 6], null, [1, 2]]);
    expect(await read(records, [1, 2, 3, 1])).toEqual([
      [1, 2],
      [2, 4],
      [3, 6],
      [1, 2],
    ]);
    expect(asked).toEqual([[3, 200, 1], [2]]);
    expect([records.hits, records.misses]).toEqual([3, 4]);
  });

  it("lets go of the least lately used", async () => {
    const asked: number[][] = [];
    const records = new CachedRecords(storeOf(asked), 2);
    await read(records, [1, 2]);
    await read(records, [1]);
    await read(records, [3]);
    await read(records, [1]);
    await read(records, [2]);
    expect(asked).toEqual([[1, 2], [3], [2]]);
  });

  it("keeps nothing where nothing is to be kept", async () => {
    const asked: number[][] = [];
    const records = new CachedRecords(storeOf(asked), 0);
    await read(records, [1]);
    await read(records, [1]);
    expect(asked).toEqual([[1], [1]]);
    expect([records.hits, records.misses]).toEqual([0, 2]);
  });
});
