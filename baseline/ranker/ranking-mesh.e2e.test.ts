import { afterAll, describe, expect, it } from "vitest";
import type { ModelSpec } from "../../src/retrieval/model-spec.ts";
import type { Answer } from "../../src/retrieval/request.ts";
import {
  alive,
  AnswerCheck,
  endOf,
  FAULTLESS,
  inTime,
  ITEMS,
  killOne,
  manyHeads,
  mixtureOfLogits,
  openBench,
  reach,
  roleOf,
} from "../checked-mesh.fixture.ts";

const bench = await openBench();
afterAll(() => bench[Symbol.asyncDispose]());

const { requests, model: oneHead } = bench;
const check = new AnswerCheck(bench);
const threeHeads = manyHeads(oneHead);
const mixture = mixtureOfLogits(oneHead);
const layers: ModelSpec = {
  ...mixture,
  overarch: "mlp",
  mlp: { hidden: [32, 16] },
  value: "sigmoid(click) + 0.5 * buy + 0.1 * score",
};
const formula: ModelSpec = {
  ...oneHead,
  candidates: 100,
  value: "score * if(NOT topic:sport, 2, 1) + default(price, 0) / 100",
};

describe("a mesh that computes more than a score", () => {
  it("computes a user tower with several heads where the gateway does", async () => {
    const settings = { towers: "embedded", transport: "in-process", index: { exactBelow: 1 } };
    await using system = await bench.start(settings, { model: threeHeads });
    expect(system.processes.map(({ role }) => role)).toEqual(["mesh"]);
    await reach(system, async (client) => {
      const score = await check.score(client, threeHeads);
      expect(score).toMatchObject(FAULTLESS);
      expect(score.recall).toBeGreaterThanOrEqual(0.99);
      expect((await client.stats()).counters.get("tower.users")).toBe(requests.length);
    });
  });

  it("computes it in a service of its own; names the gateway when it dies", async () => {
    const settings = { towers: "service", index: { exactBelow: 1 } };
    await using system = await bench.start(settings, { model: threeHeads });
    const roles = ["feature", "filter", "index", "tower", "gateway"];
    expect(system.processes.map(({ role }) => role)).toEqual(roles);
    await reach(system, async (client) => {
      const score = await check.score(client, threeHeads);
      expect(score).toMatchObject(FAULTLESS);
      expect(score.recall).toBeGreaterThanOrEqual(0.99);
      expect((await client.stats()).counters.get("tower.users")).toBe(requests.length);
    });
    expect(await killOne(system, "gateway")).toEqual(endOf("gateway"));
  });

  it.each([
    { name: "a mixture of logits", model: mixture, transport: "grpc", dies: "ranker" },
    { name: "an MLP", model: layers, transport: "in-process", dies: "mesh" },
    { name: "a formula alone", model: formula, transport: "grpc", dies: "feature" },
  ])("ranks by $name as the oracle does; names the $dies when it dies", async (given) => {
    const { model, transport, dies } = given;
    // Scanned exactly, as a walk of all rows is, so that the heads' candidates are the oracle's.
    const index = { expansionSearch: ITEMS };
    const settings = { transport, index, ranker: { itemCache: 800 } };
    await using system = await bench.start(settings, { model });
    await reach(system, async (client) => {
      const score = await check.score(client, model);
      expect(score).toMatchObject(FAULTLESS);
      expect(score.recall).toBeGreaterThanOrEqual(0.9999);
      const { counters } = await client.stats();
      const read = counters.get("ranker.cache_hits")! + counters.get("ranker.cache_misses")!;
      expect(read).toBe(counters.get("ranker.candidates"));
      expect(counters.get("ranker.cache_hits")).toBeGreaterThan(0);
    });
    expect(await killOne(system, dies)).toEqual(endOf(dies));
  });

  it("without its ranker answers by the score and says so, where that is allowed; whole again once it is back", async () => {
    const settings = { partial: "allow", partialAfterMs: 400, index: { expansionSearch: ITEMS } };
    await using mesh = await bench.startReached(settings, { model: mixture });
    const { system, door } = mesh;
    // On a busy machine its ranker may come too late at first.
    const untilWhole = async (): Promise<Answer> => {
      for (;;) {
        const answer = await door.retrieve(requests[0]!, inTime);
        if (!answer.partial) return answer;
      }
    };
    const whole = await untilWhole();
    const without = async (kind: "kill" | "hang", use: () => Promise<void>): Promise<Answer> => {
      const undo = await system.inflict!({ service: "ranker", kind, delayMs: 0 });
      const partial = await door.retrieve(requests[0]!, inTime);
      await use();
      await undo();
      expect(await untilWhole()).toEqual(whole);
      return partial;
    };
    const killed = await without("kill", async () => {
      // As a model of the same heads that ranks by the score alone.
      const score = await check.score(door, threeHeads);
      expect(score).toMatchObject(FAULTLESS);
      expect(score.recall).toBeGreaterThanOrEqual(0.9999);
    });
    expect(killed.partial).toBe(true);
    expect(await without("hang", async () => {})).toEqual(killed);
  });

  it("answers the same with features in a Redis server of its own, and ends it; query vectors it refuses", async () => {
    const model = mixture;
    await using lmdb = await bench.start({ transport: "in-process" }, { model });
    const settings = { transport: "in-process", store: "redis", featureCache: 100 };
    await using redis = await bench.start(settings, { model });
    expect(redis.processes.map(({ role }) => role)).toEqual(["redis", "mesh"]);
    expect(redis.engine).toBe("hnsw+roaring+redis");
    await reach(lmdb, (here) =>
      reach(redis, async (there) => {
        for (const request of requests) {
          const [one, other] = await Promise.all([
            here.retrieve(request, inTime),
            there.retrieve(request, inTime),
          ]);
          expect(other).toEqual(one);
        }
        await there.retrieve(requests[99]!, inTime);
        const { counters, processes } = await there.stats();
        expect(roleOf(processes)).toEqual(roleOf(redis.processes));
        const hits = counters.get("feature.cache_hits")!;
        const reads = counters.get("feature.reads")! + counters.get("feature.item_reads")!;
        expect(hits + counters.get("feature.cache_misses")!).toBe(reads);
        expect(hits).toBeGreaterThan(0);
        // The ranker looks at the user, of whom a query vector tells nothing.
        const user = { kind: "vectors", vectors: new Float32Array(48) } as const;
        const asked = here.retrieve({ ...requests[0]!, user }, inTime);
        await expect(asked).rejects.toMatchObject({ code: "BAD_INPUT", where: "query_vectors" });
      }),
    );
    await redis[Symbol.asyncDispose]();
    expect(alive(redis.processes)).toEqual([]);
  });
});
