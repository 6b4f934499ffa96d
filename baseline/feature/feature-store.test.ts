import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FeatureStore, writeFeatures } from "./feature-store.ts";
import { LmdbRecords } from "./lmdb-records.ts";

const count = 25_000; // more than two transactions
const dim = 5;
// Ids beyond 2^32 and shared memory, as a dataset has them.
const users = {
  count,
  dim,
  ids: Float64Array.from({ length: count }, (_, row) => 2 ** 40 + row * 3),
  features: new Float32Array(new SharedArrayBuffer(count * dim * 4)).map((_, i) => i / 2),
};

let folder: string;
let store: FeatureStore;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "silverbench-features-"));
  await writeFeatures(folder, users, () => {});
  store = new FeatureStore({ users: new LmdbRecords(folder, "ids"), dim, items: null });
});
afterAll(async () => {
  await store[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

describe("FeatureStore", () => {
  it("gives back what was written, in the order asked", async () => {
    const rows = [24_999, 0, 12_345, 0];
    const answers = await store.users(Float64Array.from(rows, (row) => users.ids[row]!));
    const expected = rows.map((row) => ({
      features: users.features.slice(row * dim, (row + 1) * dim),
      version: 0,
    }));
    expect(answers).toEqual(expected);
  });

  it("says which id it does not know, and answers the others", async () => {
    const answers = await store.users(Float64Array.of(users.ids[1]!, 17));
    expect(answers[0]).toEqual({ features: users.features.slice(dim, 2 * dim), version: 0 });
    expect(answers[1]).toMatchObject({
      code: "BAD_INPUT",
      message: "there is no user with the id 17",
    });
  });
});
