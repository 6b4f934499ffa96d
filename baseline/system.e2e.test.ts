import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectDoor, type DoorClient } from "../src/door/client.ts";
import { descendants } from "../src/process/process-tree.ts";
import type { System } from "../src/system.ts";
import {
  alive,
  AnswerCheck,
  DIM,
  endOf,
  FAULTLESS,
  inTime,
  ITEMS,
  killOne,
  mixtureOfLogits,
  openBench,
  reach,
  roleOf,
} from "./checked-mesh.fixture.ts";
import { agreeOnFilters } from "./proof/filter-agreement.ts";

const bench = await openBench();
afterAll(() => bench[Symbol.asyncDispose]());

const { dataset, requests, model } = bench;
const ranking = mixtureOfLogits(model);
const check = new AnswerCheck(bench);

describe.each(["grpc", "in-process"] as const)("the mesh, transport %s", (transport) => {
  let system: System;
  let client: DoorClient;

  beforeAll(async () => {
    system = await bench.start({ transport, towers: "service" });
    client = connectDoor(system.address);
  });
  afterAll(async () => {
    client.close();
    await system[Symbol.asyncDispose]();
  });

  it("has a process a service, or one for all; none for a tower where features are the query vector", () => {
    const roles = system.processes.map(({ role }) => role);
    expect(roles).toEqual(
      transport === "grpc" ? ["feature", "filter", "index", "gateway"] : ["mesh"],
    );
  });

  it("agrees with the oracle: no violation, never short", async () => {
    const score = await check.score(client, model);
    expect(score).toMatchObject(FAULTLESS);
    expect(score.recall).toBeGreaterThanOrEqual(0.97);
  });

  it("passes a client's mistakes back to the client", async () => {
    const [request] = requests;
    const ask = (changes: object): Promise<unknown> =>
      client.retrieve({ ...request!, ...changes }, inTime);
    await expect(ask({ filter: "colour:red" })).rejects.toMatchObject({
      code: "BAD_INPUT",
      where: "filter",
      message: expect.stringContaining('no column "colour"'),
    });
    await expect(ask({ user: { kind: "id", id: 1 } })).rejects.toMatchObject({
      code: "BAD_INPUT",
      where: "user_id",
    });
    await expect(ask({ k: 0 })).rejects.toMatchObject({ code: "BAD_INPUT" });
  });

  it("keeps to 300 random filters: nothing passes, one item, some, all; nested deeply", async () => {
    const agreements = await agreeOnFilters(system, dataset, { count: 300, seed: 5 });
    expect([...agreements.keys()]).toHaveLength(6);
    for (const [kind, { violations, wrongLength, wrong }] of agreements) {
      expect({ kind, violations, wrongLength, wrong }).toEqual({
        kind,
        violations: 0,
        wrongLength: 0,
        wrong: [],
      });
    }
  });

  it("answers a filter that nothing passes with nothing", async () => {
    const answer = await client.retrieve({ ...requests[0]!, filter: "u > 1000" }, inTime);
    expect(answer.ids).toHaveLength(0);
  });

  it("tells what its processes used and where the time went", async () => {
    await client.retrieve({ ...requests[0]!, filter: "u < 50" }, inTime);
    const stats = await client.stats();
    expect(roleOf(stats.processes)).toEqual(roleOf(system.processes));
    expect([...stats.stages.keys()]).toEqual(
      expect.arrayContaining([
        "gateway.feature",
        "gateway.filter",
        "gateway.index",
        "index.search",
      ]),
    );
    expect(stats.counters.get("index.searches")).toBeGreaterThan(0);
    expect(stats.counters.has("tower.users")).toBe(false);
  });

  it("builds once", async () => {
    await using again = await bench.start({ transport: "in-process" });
    expect(again.build).toMatchObject({ seconds: 0, cached: true });
    expect(again.build.bytes).toBeGreaterThan(ITEMS * DIM * 4);
  });

  it("leaves nothing behind when it cannot start", async () => {
    const before = descendants(process.pid);
    const port = Number(system.address.split(":")[1]);
    const failing = bench.start({ transport }, { ports: { grpc: port } });
    await expect(failing).rejects.toThrow(`${port}`);
    expect(descendants(process.pid)).toEqual(before);
  });

  it("answers what it was asked before it is stopped, and leaves no process and nothing half-written behind", async () => {
    const asked = requests.map((request) => client.retrieve(request, inTime));
    await Promise.race(asked);
    await system[Symbol.asyncDispose]();
    await Promise.all(asked);
    expect(alive(system.processes)).toEqual([]);
    const left = await readdir(join(bench.cacheFolder, "mesh"));
    expect(left.filter((name) => name.includes(".tmp-"))).toEqual([]);
  });
});

describe("a mesh with copies of its services", () => {
  let system: System;
  beforeAll(async () => {
    const index = { kind: "hnsw", shards: 2 };
    system = await bench.start({ index, replicas: { index: 2, filter: 2 } });
  });
  afterAll(() => system[Symbol.asyncDispose]());

  it("answers from the shards of an index, each a process twice", async () => {
    const roles = system.processes.map(({ role }) => role);
    expect(roles.filter((role) => role === "index")).toHaveLength(4);
    await reach(system, async (client) => {
      const score = await check.score(client, model);
      expect(score).toMatchObject(FAULTLESS);
      expect(score.recall).toBeGreaterThanOrEqual(0.97);
      expect((await client.stats()).counters.get("index.searches")! % 2).toBe(0);
    });
  });

  it("does without a copy that hangs", async () => {
    const request = { ...requests[0]!, filter: "u < 50" };
    const { pid } = system.processes.find(({ role }) => role === "filter")!;
    await reach(system, async (client) => {
      await client.retrieve(request, inTime);
      process.kill(pid, "SIGSTOP");
      // It is given up once it has let a few deadlines pass, and not asked again while it hangs:
      // until then every second request was its own.
      const outcomes: string[] = [];
      while (outcomes.slice(-10).filter((outcome) => outcome === "answered").length < 10) {
        const asked = client.retrieve(request, { timeoutMs: 400 });
        outcomes.push(
          await asked.then(
            () => "answered",
            (error: { code: string }) => error.code,
          ),
        );
      }
      expect(new Set(outcomes)).toEqual(new Set(["DEADLINE", "answered"]));
    });
    process.kill(pid, "SIGCONT");
  });

  it("names the index when a process of it dies", async () => {
    expect(await killOne(system, "index")).toEqual(endOf("index"));
  });
});

describe("the mesh", () => {
  it.each([
    { transport: "grpc", placement: "thread" },
    { transport: "grpc", placement: "one" },
    { transport: "in-process", placement: "thread" },
  ])("has all services in one process: $transport, $placement", async (settings) => {
    const index = { kind: "flat", shards: 2 };
    const system = await bench.start({ ...settings, index, towers: "service" }, { model: ranking });
    expect(system.processes.map(({ role }) => role)).toEqual(["mesh"]);
    await reach(system, async (client) => {
      const score = await check.score(client, ranking);
      expect(score).toMatchObject(FAULTLESS);
      expect(score.recall).toBeGreaterThanOrEqual(0.9999);
      const wrong = client.retrieve({ ...requests[0]!, filter: "colour:red" }, inTime);
      await expect(wrong).rejects.toMatchObject({ code: "BAD_INPUT", where: "filter" });
      const { counters, processes } = await client.stats();
      expect(roleOf(processes)).toEqual(roleOf(system.processes));
      expect(counters.get("tower.users")).toBeGreaterThanOrEqual(requests.length);
      // What the services were asked over the wire, each call counted once.
      const calls = counters.get("wire.calls")! - counters.get("door.requests")!;
      const most = settings.transport === "in-process" ? 0 : 8 * counters.get("door.requests")!;
      expect(calls).toBeLessThanOrEqual(most);
    });
    await system[Symbol.asyncDispose]();
    expect(alive(system.processes)).toEqual([]);
  });

  it("speaks TLS with certificates on both sides, within and at its door; names the filter when it dies", async () => {
    const settings = { tls: "mtls", towers: "service", index: { kind: "flat" } };
    await using system = await bench.start(settings, { model: ranking });
    const stranger = connectDoor(system.address);
    try {
      await reach(system, async (client) => {
        expect(await check.score(client, ranking)).toMatchObject(FAULTLESS);
      });
      const refused = stranger.retrieve(requests[0]!, inTime);
      await expect(refused).rejects.toMatchObject({ code: "UNAVAILABLE" });
    } finally {
      stranger.close();
    }
    expect(await killOne(system, "filter")).toEqual(endOf("filter"));
  });
});
