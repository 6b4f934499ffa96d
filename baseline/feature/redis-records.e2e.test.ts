import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LmdbRecords, writeRecords } from "./lmdb-records.ts";
import type { KeyRange, RecordStore } from "./record-store.ts";
import { RedisConnection, type RedisRecords } from "./redis-records.ts";
import { RedisServer } from "./redis-server.ts";

const count = 2_500; // more than two batches of the filling
const keyOf: Readonly<Record<KeyRange, (n: number) => number>> = {
  ids: (n) => 2 ** 40 + n * 3,
  rows: (n) => n,
};
const launch = { cpus: null, signal: new AbortController().signal };

let folder: string;
let server: RedisServer;
let connection: RedisConnection;
const stores = {} as Record<KeyRange, { lmdb: LmdbRecords; redis: RedisRecords }>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "silverbench-redis-"));
  server = await RedisServer.start(launch);
  connection = await RedisConnection.open(server.url);
  for (const keys of ["ids", "rows"] as const) {
    const path = join(folder, keys);
    // Of any length, with any byte.
    const recordOf = (n: number): Buffer => Buffer.alloc((n * 7) % 300, n % 256);
    await writeRecords(path, keys, { count, keyOf: keyOf[keys], recordOf }, () => {});
    const lmdb = new LmdbRecords(path, keys);
    const redis = await connection.records(
      path,
      () => new LmdbRecords(path, keys),
      () => {},
    );
    stores[keys] = { lmdb, redis };
  }
});
afterAll(async () => {
  for (const { lmdb } of Object.values(stores)) await lmdb[Symbol.asyncDispose]();
  await connection[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function read(store: RecordStore, keys: readonly number[]): Promise<(string | null)[]> {
  const found: (string | null)[] = [];
  await store.read(keys, (record, bytes, at) => {
    expect(at).toBe(found.length);
    found.push(record === null ? null : Buffer.from(record.subarray(0, bytes)).toString("hex"));
  });
  return found;
}

describe("Redis as the store of features", () => {
  it.each(["ids", "rows"] as const)("answers byte for byte as LMDB does, by %s", async (keys) => {
    const { lmdb, redis } = stores[keys];
    const positions = fc.array(fc.integer({ min: 0, max: count + 20 }), { maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(positions, async (asked) => {
        const wanted = asked.map(keyOf[keys]);
        expect(await read(redis, wanted)).toEqual(await read(lmdb, wanted));
      }),
      { numRuns: 50 },
    );
    const all = Array.from({ length: count }, (_, n) => keyOf[keys](n));
    expect(await read(redis, all)).toEqual(await read(lmdb, all));
  });

  it("is filled once", async () => {
    let filled = 0;
    const path = join(folder, "ids");
    await connection.records(
      path,
      () => new LmdbRecords(path, "ids"),
      () => filled++,
    );
    expect(filled).toBe(0);
  });

  it("says what its process has used", async () => {
    const usage = await connection.processStats();
    expect(usage).toMatchObject({ pid: server.pid, role: "redis" });
    expect(usage!.cpuSeconds).toBeGreaterThan(0);
    expect(usage!.rssBytes).toBeGreaterThan(1_000_000);
  });

  it("names a server that is not there", async () => {
    await expect(RedisConnection.open("redis://127.0.0.1:1")).rejects.toMatchObject({
      code: "UNAVAILABLE",
      where: "redis://127.0.0.1:1",
    });
  });

  it("fails at once while the server is away, and tells when its process died", async () => {
    const other = await RedisServer.start(launch);
    await using reached = await RedisConnection.open(other.url);
    const path = join(folder, "rows");
    const records = await reached.records(
      path,
      () => new LmdbRecords(path, "rows"),
      () => {},
    );
    process.kill(other.pid, "SIGKILL");
    expect(await other.died).toMatchObject({ code: "INVALID", where: "redis" });
    await expect(read(records, [1])).rejects.toMatchObject({ code: "UNAVAILABLE" });
    await other[Symbol.asyncDispose]();
  });

  it("fills a server that comes back empty, and says nothing of it before that is done", async () => {
    await using other = await RedisServer.start(launch);
    await using reached = await RedisConnection.open(other.url);
    const path = join(folder, "rows");
    const records = await reached.records(
      path,
      () => new LmdbRecords(path, "rows"),
      () => {},
    );
    const rows = Array.from({ length: count }, (_, n) => n);
    const before = await read(records, rows);
    await other.kill();
    await other.revive();
    const refusals: unknown[] = [];
    let found: (string | null)[] | null = null;
    while (found === null) {
      found = await read(records, rows).catch((error: unknown) => {
        refusals.push(error);
        return sleep(5, null);
      });
    }
    expect(found).toEqual(before);
    for (const refusal of refusals) expect(refusal).toMatchObject({ code: "UNAVAILABLE" });
  });

  it("leaves no process and no port behind", async () => {
    const other = await RedisServer.start(launch);
    await other[Symbol.asyncDispose]();
    expect(() => process.kill(other.pid, 0)).toThrow("ESRCH");
    const port = Number(new URL(other.url).port);
    const outcome = await new Promise<string>((resolve) => {
      connect(port, "127.0.0.1")
        .on("connect", () => resolve("connected"))
        .on("error", (error: Error & { code: string }) => resolve(error.code));
    });
    expect(outcome).toBe("ECONNREFUSED");
  });
});
