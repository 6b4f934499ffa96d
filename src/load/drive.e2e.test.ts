import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeDataset } from "../dataset/folder.ts";
import { createTls } from "../door/certificates.ts";
import { connectDoor } from "../door/client.ts";
import { openDoor } from "../door/server.ts";
import type { RetrievalRequest } from "../retrieval/request.ts";
import type { StartOptions, System } from "../system.ts";
import { startDelay } from "./delay-system.ts";
import { drive, type Drive, driveFrom, type DriveOptions } from "./drive.ts";
import { LoadThreads } from "./load-threads.ts";
import { startNull } from "./null-system.ts";
import { startRemote } from "./remote-system.ts";

const ITEMS = 20;
const DIM = 4;
const signal = new AbortController().signal;
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "silverbench-drive-"));
  const ids = Float64Array.from({ length: ITEMS }, (_, i) => i);
  await writeDataset(
    join(folder, "tiny"),
    {
      name: "tiny",
      catalogue: {
        count: ITEMS,
        dim: DIM,
        embeddings: new Float32Array(ITEMS * DIM).fill(0.5),
        ids,
        columns: [],
        dense: new Float32Array(),
        denseDim: 0,
      },
      users: { count: ITEMS, dim: DIM, ids, features: new Float32Array(ITEMS * DIM).fill(0.5) },
      provenance: {},
    },
    () => {},
  );
});

/** Kept from test to test, as a run keeps them. */
const threads = new LoadThreads();
afterAll(async () => {
  await threads[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const optionsWith = <Settings>(settings: Settings): StartOptions<Settings> => ({
  name: "probe",
  dataset: { name: "tiny", folder: join(folder, "tiny"), hash: "" },
  model: {
    heads: 1,
    candidates: ITEMS,
    tower: { kind: "identity" },
    overarch: "none",
    value: "score",
    seed: 1,
  },
  settings,
  cpus: null,
  cacheFolder: folder,
  onProgress: () => {},
  signal,
});

const requests = Array.from({ length: 7 }, (_, id): RetrievalRequest => ({
  user: { kind: "id", id },
  k: 5,
  filter: "",
  exclude: Float64Array.of(1),
}));
const lean: Drive = { shape: "closed", inFlight: 4, client: "lean", connections: 2 };
const grpcJs: Drive = { shape: "closed", inFlight: 4, client: "grpc-js", connections: 2 };
const http: Drive = { shape: "http", connections: 4 };
const nameOf = (of: Drive): string => ("client" in of ? of.client : of.shape);

const driveWith = (
  system: DriveOptions["system"],
  more: Partial<DriveOptions>,
): ReturnType<typeof drive> =>
  driveFrom(threads, {
    system,
    load: lean,
    requests,
    startAt: 0,
    seconds: 0.5,
    requestTimeoutMs: 10_000,
    signal,
    ...more,
  });

const everyClient = [lean, grpcJs, http].map((of) => [nameOf(of), of] as const);

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe("a system that answers late", () => {
  const DELAY_MS = 20;
  let system: System;
  beforeAll(async () => {
    system = await startDelay(optionsWith({ delayMs: DELAY_MS, maxInFlight: 100 }));
  });
  afterAll(() => system[Symbol.asyncDispose]());

  test.each(everyClient)(
    "a delay of 20 ms is read back, and in flight = rate x latency: %s",
    async (_, load) => {
      const observed = await driveWith(system, { load, seconds: 1 });
      expect(observed.errors.size).toBe(0);
      expect(observed.latency.count).toBe(observed.completed);
      // A busy machine answers later, never sooner: and within the histogram's 0.1%.
      expect(observed.latency.quantile(0)).toBeGreaterThanOrEqual(DELAY_MS * 999);
      // Little's law holds however fast the machine is.
      const rate = observed.completed / observed.seconds;
      const inFlight = (rate * observed.latency.mean) / 1e6;
      // Of those that are under way as the second begins or ends, all or nothing is counted.
      const longest = Math.max(observed.latency.max / 1e6, observed.unfinished.longestMs / 1e3);
      expect(Math.abs(inFlight - 4)).toBeLessThan(0.5 + 4 * longest);
    },
  );
});

describe("a system that answers with nothing", () => {
  let system: System;
  beforeAll(async () => {
    system = await startNull(optionsWith({ maxInFlight: 100 }));
  });
  afterAll(() => system[Symbol.asyncDispose]());

  test.each(everyClient)(
    "answers are kept with the requests they answer, in the walk's order: %s",
    async (_, load) => {
      const observed = await driveWith(system, { load, startAt: 3 });
      expect(observed.completed).toBeGreaterThan(0);
      expect(observed.answered).toBeGreaterThanOrEqual(observed.completed);
      expect(observed.answers.count).toBe(observed.completed);
      expect(observed.answers.every).toBe(1);
      expect(observed.answers.answer(0)).toEqual({
        ids: new Float64Array(),
        values: new Float32Array(),
        partial: false,
      });
      expect(new Set(observed.answers.requestOf)).toEqual(new Set([0, 1, 2, 3, 4, 5, 6]));
      const seconds = observed.perSecond.completed.reduce((a, b) => a + b, 0);
      expect(seconds).toBe(observed.completed);
      expect(observed.client.cpuShare).toBeGreaterThan(0);
    },
  );

  test("an aborted drive ends with the reason it was aborted for", async () => {
    const abort = new AbortController();
    const underway = driveWith(system, { seconds: 3600, signal: abort.signal });
    setTimeout(() => abort.abort(new Error("enough")), 300);
    await expect(underway).rejects.toThrow("enough");
  });

  test("is reached where it stands as a remote system, and left as it was", async () => {
    {
      await using remote = await startRemote(optionsWith({ address: system.address }));
      expect(remote.processes).toEqual([...system.processes]);
      const { completed } = await driveWith(remote, {});
      expect(completed).toBeGreaterThan(0);
    }
    expect(isAlive(system.processes[0]!.pid)).toBe(true);
  });

  test("a port in use is told before anything is left running", async () => {
    const port = Number(system.address.split(":")[1]);
    const second = startNull({ ...optionsWith({ maxInFlight: 100 }), ports: { grpc: port } });
    await expect(second).rejects.toThrow(`127.0.0.1:${port}: it is in use`);
  });

  test("a drive may have threads of its own; disposing the system leaves no process", async () => {
    const load = { ...lean, inFlight: 1 };
    const { completed } = await drive({ ...driveDefaults(), system, load });
    expect(completed).toBeGreaterThan(0);
    const { pid } = system.processes[0]!;
    expect(isAlive(pid)).toBe(true);
    await system[Symbol.asyncDispose]();
    expect(isAlive(pid)).toBe(false);
  });
});

test.each(everyClient)(
  "a system killed while it is driven ends the drive with its errors counted: %s",
  async (_, load) => {
    await using system = await startDelay(optionsWith({ delayMs: 5, maxInFlight: 100 }));
    const { pid } = system.processes[0]!;
    const door = connectDoor(system.address);
    const underway = driveWith(system, { load, seconds: 3600, unreachableMs: 300 });
    while (((await door.stats()).counters.get("door.answers") ?? 0) < 20);
    door.close();
    process.kill(pid, "SIGKILL");
    const observed = await underway;
    expect(observed.answered).toBeGreaterThan(0);
    expect(observed.errors.get("UNAVAILABLE")!.count).toBeGreaterThan(0);
    expect(observed.endedEarly).toContain("not reachable for 0.3 s");
    expect((await system.died).message).toContain("the delay process");
    expect(isAlive(pid)).toBe(false);
  },
);

describe("a system that does not do what it is asked", () => {
  let full: System;
  let slow: System;
  beforeAll(async () => {
    full = await startDelay(optionsWith({ delayMs: 5, maxInFlight: 2 }));
    slow = await startDelay(optionsWith({ delayMs: 5_000, maxInFlight: 100 }));
  });
  afterAll(async () => {
    await full[Symbol.asyncDispose]();
    await slow[Symbol.asyncDispose]();
  });

  test.each(everyClient)("refusals are counted by kind: %s", async (_, load) => {
    const observed = await driveWith(full, { load });
    expect([...observed.errors.keys()]).toEqual(["OVERLOADED"]);
    expect(observed.completed).toBeGreaterThan(0);
    expect(observed.endedEarly).toBeNull();
  });

  test.each(everyClient)(
    "requests that take too long are errors, not answers: %s",
    async (_, load) => {
      const observed = await driveWith(slow, { load, requestTimeoutMs: 200 });
      expect([...observed.errors.keys()]).toEqual(["DEADLINE"]);
      expect(observed.answered).toBe(0);
    },
  );

  test("one that does not serve is an error, not an empty observation", async () => {
    const gone = { address: "127.0.0.1:9", httpAddress: null };
    await expect(drive({ ...driveDefaults(), system: gone })).rejects.toMatchObject({
      code: "UNAVAILABLE",
    });
    await expect(drive({ ...driveDefaults(), system: gone, load: http })).rejects.toThrow(
      "needs a system with an HTTP door",
    );
  });
});

const driveDefaults = (): Omit<DriveOptions, "system"> => ({
  load: lean,
  requests,
  startAt: 0,
  seconds: 0.5,
  requestTimeoutMs: 1_000,
  signal,
});

test.each(everyClient)(
  "a door that speaks TLS on both sides is driven as any other: %s",
  async (_, load) => {
    const tls = (await createTls("mtls"))!;
    const nothing = { ids: new Float64Array(), values: new Float32Array(), partial: false };
    await using door = await openDoor({
      retriever: {
        retrieve: () => Promise.resolve(nothing),
        stats: () => Promise.reject(new Error("nobody asks")),
      },
      limits: { items: 10, userDim: 4, queryDim: 4, maxInFlight: 100 },
      tls: tls.server,
    });
    const addresses = {
      address: `127.0.0.1:${door.grpcPort}`,
      httpAddress: `https://127.0.0.1:${door.httpPort}`,
    };
    const observed = await driveWith({ ...addresses, tls: tls.client }, { load });
    expect([...observed.errors.keys()]).toEqual([]);
    expect(observed.completed).toBeGreaterThan(0);
  },
);
