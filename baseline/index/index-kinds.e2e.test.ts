import { afterAll, expect, it } from "vitest";
import { AnswerCheck, FAULTLESS, openBench, reach } from "../checked-mesh.fixture.ts";

const bench = await openBench();
afterAll(() => bench[Symbol.asyncDispose]());

const check = new AnswerCheck(bench);

it.each([
  { kind: "flat", recall: 0.9999 },
  { kind: "flat", shards: 3, recall: 0.9999 },
  { kind: "ivf-flat", clusters: 100, probes: 25, recall: 0.9 },
  { kind: "flat", device: "cpu", exactBelow: 0.02, recall: 0.9999 },
  { kind: "ivf-int8", clusters: 100, probes: 25, join: "post", recall: 0.9 },
])(
  "a mesh answers from an index of the kind $kind, device $device, shards $shards",
  async (given) => {
    const { recall, ...index } = given;
    await using system = await bench.start({ transport: "in-process", index });
    expect(system.engine).toBe(`${index.kind}+roaring+lmdb`);
    await reach(system, async (client) => {
      const score = await check.score(client, bench.model);
      expect(score).toMatchObject(FAULTLESS);
      expect(score.recall).toBeGreaterThanOrEqual(recall);
      const { counters } = await client.stats();
      expect(counters.get("index.searches")! % (index.shards ?? 1)).toBe(0);
    });
  },
);
