import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DoorClient, connectDoor } from "../src/door/client.ts";
import { AnswerScorer } from "../src/measure/recall.ts";
import type { ModelSpec } from "../src/retrieval/model-spec.ts";
import { computeTruth, type Truth } from "../src/retrieval/oracle.ts";
import type { System, SystemProcess } from "../src/system.ts";
import { agreeOnFilters } from "./proof/filter-agreement.ts";
import { quiet, Workbench } from "./workbench.ts";

const bench = await Workbench.openTemporary({
  dataset: { kind: "synthetic", items: 20_000, dim: 16, users: 200 },
  requests: {
    distinct: 200,
    k: 50,
    exclude: 10,
    filters: [
      { weight: 2, template: "" },
      { weight: 2, template: "lang:{lang} AND age_days <= 30" },
      { weight: 1, template: "NOT (topic:{topic} OR price >= 20)" },
      { weight: 1, template: "creator:{creator}" },
      { weight: 1, template: "u < 60" },
    ],
  },
});
afterAll(() => bench[Symbol.asyncDispose]());

const { dataset, requests, model: oneHead } = bench;
const rankedBy: Readonly<Record<string, ModelSpec>> = {
  "a mixture of logits": {
    ...oneHead,
    heads: 3,
    tower: { kind: "mlp", hidden: [24] },
    candidates: 100,
    overarch: "mol",
    tasks: ["click", "buy"],
    mol: { userGroups: 4, itemGroups: 2, dim: 8, gateHidden: 16, temperature: 0.5 },
    value: "0.3 * click + buy * if(lang:en OR age_days <= 60, 1.5, 1) - 0.01 * default(price, 5)",
  },
  "an MLP": {
    ...oneHead,
    heads: 3,
    tower: { kind: "mlp", hidden: [24] },
    candidates: 100,
    overarch: "mlp",
    tasks: ["click", "buy"],
    mlp: { hidden: [32, 16] },
    value: "sigmoid(click) + 0.5 * buy + 0.1 * score",
  },
  "a formula alone": {
    ...oneHead,
    candidates: 100,
    value: "score * if(NOT topic:sport, 2, 1) + default(price, 0) / 100",
  },
};
const ranking = rankedBy["a mixture of logits"]!;
const threeHeads: ModelSpec = { ...oneHead, heads: 3, tower: { kind: "mlp", hidden: [24] } };

const start = (settings: object, model = oneHead): Promise<System> =>
  bench.start(settings, { model });

const truthOf = (model: ModelSpec): Promise<Truth> =>
  computeTruth({ ...dataset, model, requests, threads: 2, ...quiet });

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

const roleOf = (processes: readonly SystemProcess[]): Map<number, string> =>
  new Map(processes.map(({ pid, role }) => [pid, role]));

const inTime = { timeoutMs: 30_000 };

/** Every request's answer against the oracle. */
async function scoreAll(
  client: DoorClient,
  model: ModelSpec,
): Promise<{ recall: number; violations: number; short: number; duplicates: number }> {
  const truth = await truthOf(model);
  const scorer = new AnswerScorer({ ...dataset, model, requests, truth });
  const answers = await Promise.all(requests.map((request) => client.retrieve(request, inTime)));
  const total = { recall: 0, violations: 0, short: 0, duplicates: 0 };
  for (const [i, { ids, values }] of answers.entries()) {
    const score = scorer.score(i, ids);
    total.recall += score.recall / requests.length;
    total.violations += score.violations;
    total.short += score.short;
    total.duplicates += score.duplicates;
    expect([...values]).toEqual([...values].toSorted((a, b) => b - a));
  }
  return total;
}

describe.each(["grpc", "in-process"] as const)("the mesh, transport %s", (transport) => {
  let system: System;
  let client: DoorClient;

  beforeAll(async () => {
    system = await start({ transport });
    client = connectDoor(system.address);
  });
  afterAll(async () => {
    client.close();
    await system[Symbol.asyncDispose]();
  });

  it("has a process a service, or one for all", () => {
    const roles = system.processes.map(({ role }) => role);
    expect(roles).toEqual(
      transport === "grpc" ? ["feature", "filter", "index", "gateway"] : ["mesh"],
    );
  });

  it("agrees with the oracle: no violation, never short", async () => {
    const total = await scoreAll(client, oneHead);
    expect(total).toMatchObject({ violations: 0, short: 0, duplicates: 0 });
    expect(total.recall).toBeGreaterThanOrEqual(0.97);
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
  });

  it("leaves no process and nothing half-written behind", async () => {
    await system[Symbol.asyncDispose]();
    for (const { pid } of system.processes) expect(isAlive(pid)).toBe(false);
    const left = await readdir(join(bench.cacheFolder, "mesh"));
    expect(left.filter((name) => name.includes(".tmp-"))).toEqual([]);
  });
});

describe("the mesh", () => {
  it.each([
    { towers: "embedded", transport: "in-process", roles: ["mesh"] },
    {
      towers: "service",
      transport: "grpc",
      roles: ["feature", "filter", "index", "tower", "gateway"],
    },
  ])("computes a user tower with several heads, $towers", async ({ roles, ...settings }) => {
    const system = await start({ ...settings, index: { exactBelow: 1 } }, threeHeads);
    expect(system.processes.map(({ role }) => role)).toEqual(roles);
    const client = connectDoor(system.address);
    try {
      const total = await scoreAll(client, threeHeads);
      expect(total).toMatchObject({ violations: 0, short: 0, duplicates: 0 });
      expect(total.recall).toBeGreaterThanOrEqual(0.99);
      const { counters } = await client.stats();
      expect(counters.get("tower.users")).toBe(requests.length);
    } finally {
      client.close();
      await system[Symbol.asyncDispose]();
    }
  });

  it.each([
    { transport: "grpc", placement: "thread" },
    { transport: "grpc", placement: "one" },
    { transport: "in-process", placement: "thread" },
  ])("has all services in one process: $transport, $placement", async (settings) => {
    const index = { kind: "flat", shards: 2 };
    const system = await start({ ...settings, index, towers: "service" }, ranking);
    expect(system.processes.map(({ role }) => role)).toEqual(["mesh"]);
    const client = connectDoor(system.address);
    try {
      const total = await scoreAll(client, ranking);
      expect(total).toMatchObject({ violations: 0, short: 0, duplicates: 0 });
      expect(total.recall).toBeGreaterThanOrEqual(0.9999);
      const wrong = client.retrieve({ ...requests[0]!, filter: "colour:red" }, inTime);
      await expect(wrong).rejects.toMatchObject({ code: "BAD_INPUT", where: "filter" });
      const { counters, processes } = await client.stats();
      expect(roleOf(processes)).toEqual(roleOf(system.processes));
      expect(counters.get("tower.users")).toBeGreaterThanOrEqual(requests.length);
      // What the services were asked over the wire, each call counted once.
      const calls = counters.get("wire.calls")! - counters.get("door.requests")!;
      const most = settings.transport === "in-process" ? 0 : 8 * counters.get("door.requests")!;
      expect(calls).toBeLessThanOrEqual(most);
    } finally {
      client.close();
      await system[Symbol.asyncDispose]();
    }
    expect(isAlive(system.processes[0]!.pid)).toBe(false);
  });

  it("speaks TLS with certificates on both sides, within and at its door", async () => {
    const index = { kind: "flat" };
    const system = await start({ tls: "mtls", towers: "service", index }, ranking);
    const stranger = connectDoor(system.address);
    const client = connectDoor(system.address, system.tls);
    try {
      const total = await scoreAll(client, ranking);
      expect(total).toMatchObject({ violations: 0, short: 0, duplicates: 0 });
      const refused = stranger.retrieve(requests[0]!, { timeoutMs: 2_000 });
      await expect(refused).rejects.toMatchObject({ code: "UNAVAILABLE" });
    } finally {
      stranger.close();
      client.close();
      await system[Symbol.asyncDispose]();
    }
  });

  it("computes no tower where features are the query vector", async () => {
    const system = await start({ transport: "in-process", towers: "service" });
    const client = connectDoor(system.address);
    try {
      await client.retrieve(requests[0]!, inTime);
      expect((await client.stats()).counters.has("tower.users")).toBe(false);
    } finally {
      client.close();
      await system[Symbol.asyncDispose]();
    }
  });

  it.each([
    { kind: "flat", recall: 0.9999 },
    { kind: "ivf-flat", clusters: 100, probes: 25, recall: 0.9 },
    { kind: "flat", device: "cpu", exactBelow: 0.02, recall: 0.9999 },
    { kind: "ivf-int8", clusters: 100, probes: 25, join: "post", recall: 0.9 },
  ])("answers from an index of the kind $kind, device $device", async ({ recall, ...index }) => {
    const system = await start({ transport: "in-process", index });
    expect(system.engine).toBe(`${index.kind}+roaring+lmdb`);
    const client = connectDoor(system.address);
    try {
      const total = await scoreAll(client, oneHead);
      expect(total).toMatchObject({ violations: 0, short: 0, duplicates: 0 });
      expect(total.recall).toBeGreaterThanOrEqual(recall);
    } finally {
      client.close();
      await system[Symbol.asyncDispose]();
    }
  });

  it.each([
    { transport: "grpc", kind: "hnsw" },
    { transport: "in-process", kind: "flat" },
  ])("answers from three shards, $transport, $kind", async ({ transport, kind }) => {
    const index = { kind, shards: 3 };
    const system = await start({ transport, index, replicas: { index: 2 } });
    const roles = system.processes.filter(({ role }) => role === "index");
    expect(roles).toHaveLength(transport === "grpc" ? 6 : 0);
    const client = connectDoor(system.address);
    try {
      const total = await scoreAll(client, oneHead);
      expect(total).toMatchObject({ violations: 0, short: 0, duplicates: 0 });
      expect(total.recall).toBeGreaterThanOrEqual(0.97);
      const { counters } = await client.stats();
      expect(counters.get("index.searches")! % 3).toBe(0);
    } finally {
      client.close();
      await system[Symbol.asyncDispose]();
    }
  });

  it("answers the same with features in a Redis server of its own, and ends it", async () => {
    const lmdb = await start({ transport: "in-process" }, ranking);
    const redis = await start({ store: "redis", featureCache: 100 }, ranking);
    const [here, there] = [connectDoor(lmdb.address), connectDoor(redis.address)];
    const server = redis.processes.find(({ role }) => role === "redis")!;
    try {
      expect(redis.engine).toBe("hnsw+roaring+redis");
      for (const request of requests.slice(0, 100)) {
        const [one, other] = await Promise.all([
          here.retrieve(request, inTime),
          there.retrieve(request, inTime),
        ]);
        expect(other).toEqual(one);
      }
      await there.retrieve(requests[99]!, inTime);
      const stats = await there.stats();
      expect(roleOf(stats.processes)).toEqual(roleOf(redis.processes));
      const [hits, misses] = ["hits", "misses"].map((n) =>
        stats.counters.get(`feature.cache_${n}`)!,
      );
      const reads =
        stats.counters.get("feature.reads")! + stats.counters.get("feature.item_reads")!;
      expect(hits! + misses!).toBe(reads);
      expect(hits).toBeGreaterThan(0);
    } finally {
      here.close();
      there.close();
      await lmdb[Symbol.asyncDispose]();
      await redis[Symbol.asyncDispose]();
    }
    expect(isAlive(server.pid)).toBe(false);
  });

  it("does without a copy of a service that hangs", async () => {
    const system = await start({ replicas: { filter: 2 } });
    const client = connectDoor(system.address);
    const request = { ...requests[0]!, filter: "u < 50" };
    const { pid } = system.processes.find(({ role }) => role === "filter")!;
    try {
      await client.retrieve(request, inTime);
      process.kill(pid, "SIGSTOP");
      // It is given up once it has let a few deadlines pass, and not asked again while it hangs.
      const outcomes: string[] = [];
      for (let n = 0; n < 25; n++) {
        const asked = client.retrieve(request, { timeoutMs: 400 });
        outcomes.push(
          await asked.then(
            () => "answered",
            (error: { code: string }) => error.code,
          ),
        );
      }
      expect(outcomes.filter((code) => code === "DEADLINE").length).toBeLessThanOrEqual(6);
      expect(new Set(outcomes.slice(-10))).toEqual(new Set(["answered"]));
    } finally {
      process.kill(pid, "SIGCONT");
      client.close();
      await system[Symbol.asyncDispose]();
    }
  });

  it.each(Object.keys(rankedBy))("ranks by %s as the oracle does", async (name) => {
    const model = rankedBy[name]!;
    // Scanned exactly, as a walk of all rows is, so that the heads' candidates are the oracle's.
    const index = { expansionSearch: 20_000 };
    const transport = name === "an MLP" ? "in-process" : "grpc";
    const system = await start({ transport, index, ranker: { itemCache: 800 } }, model);
    const client = connectDoor(system.address);
    try {
      const total = await scoreAll(client, model);
      expect(total).toMatchObject({ violations: 0, short: 0, duplicates: 0 });
      expect(total.recall).toBeGreaterThanOrEqual(0.9999);
      const { counters } = await client.stats();
      const read = counters.get("ranker.cache_hits")! + counters.get("ranker.cache_misses")!;
      expect(read).toBe(counters.get("ranker.candidates"));
      expect(counters.get("ranker.cache_hits")).toBeGreaterThan(0);
    } finally {
      client.close();
      await system[Symbol.asyncDispose]();
    }
  });

  it("refuses query vectors where the ranker looks at the user", async () => {
    const system = await start({ transport: "in-process" }, ranking);
    const client = connectDoor(system.address);
    const user = { kind: "vectors", vectors: new Float32Array(48) } as const;
    const asked = client.retrieve({ ...requests[0]!, user }, inTime);
    await expect(asked).rejects.toMatchObject({ code: "BAD_INPUT", where: "query_vectors" });
    client.close();
    await system[Symbol.asyncDispose]();
  });

  it("builds once", async () => {
    const system = await start({});
    expect(system.build).toMatchObject({ seconds: 0, cached: true });
    expect(system.build.bytes).toBeGreaterThan(20_000 * 16 * 4);
    await system[Symbol.asyncDispose]();
  });

  it.each(["feature", "filter", "index", "ranker", "gateway"])(
    "names %s when it dies",
    async (role) => {
      const system = await start({}, ranking);
      const { pid } = system.processes.find((process) => process.role === role)!;
      process.kill(pid, "SIGKILL");
      const error = await system.died;
      expect(error).toMatchObject({ code: "INVALID", where: role });
      await system[Symbol.asyncDispose]();
      for (const { pid: other } of system.processes) expect(isAlive(other)).toBe(false);
    },
  );

  it("leaves nothing behind when it cannot start", async () => {
    const taken = await start({ transport: "in-process" });
    const port = Number(taken.address.split(":")[1]);
    const failing = bench.start({}, { ports: { grpc: port } });
    await expect(failing).rejects.toThrow(`${port}`);
    await taken[Symbol.asyncDispose]();
  });
});
