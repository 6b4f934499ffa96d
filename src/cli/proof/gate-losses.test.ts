import { expect, test } from "vitest";
import { MESH, MODEL, sampleResult } from "../../result/sample-result.fixture.ts";
import type { Result } from "../../result/schema.ts";
import { settledAt } from "./gate-losses.ts";

const RUNS = Array.from({ length: 11 }, (_, i) =>
  sampleResult({
    seed: 100 + i,
    rounds: 20,
    samplesPerPoint: 20,
    behaviours: { mesh: MESH, model: MODEL },
  }),
).map(({ result }) => result);

const verdictsAt = (loss: number): ReturnType<typeof settledAt>[] =>
  RUNS.map((result) =>
    settledAt(
      loss,
      result,
      RUNS.filter((other) => other !== result),
    ),
  );

test("on rounds as steady as the sample's, a fifth less is red and none is green, eleven times each", () => {
  const [none, fifth] = [verdictsAt(0), verdictsAt(0.2)];
  expect(new Set(none.map(({ verdict }) => verdict))).toEqual(new Set(["pass"]));
  expect(new Set(fifth.map(({ verdict }) => verdict))).toEqual(new Set(["regression"]));
});

test("it looks at no more rounds than it takes: none is soon green, red wants a second look", () => {
  expect(Math.min(...verdictsAt(0).map(({ rounds }) => rounds))).toBe(5);
  for (const { rounds } of verdictsAt(0.2)) expect([10, 20]).toContain(rounds);
});

test("a loss that lies on the limit takes all rounds there are", () => {
  const open = verdictsAt(0.1).filter(({ verdict }) => verdict === "inconclusive");
  expect(open.length).toBeGreaterThan(5);
  for (const { rounds } of open) expect(rounds).toBe(20);
});

test("the loss is in the blocks, which are what is paired", () => {
  const inBlocks = (result: Result): Result => ({
    ...result,
    points: result.points.map((point) => ({
      ...point,
      blocks: [0.98, 1.02].map((speed) => ({
        seconds: 2,
        throughputPerSecond: point.throughputPerSecond * speed,
        calibrationMs: 10,
        flagged: false,
      })),
    })),
  });
  const [before, after] = [inBlocks(RUNS[0]!), inBlocks(RUNS[1]!)];
  expect(settledAt(0, after, [before]).verdict).toBe("pass");
  expect(settledAt(0.2, after, [before]).verdict).toBe("regression");
});

test("where runs of the same lie 15% apart, one of them alone settles nothing", () => {
  const uneven = RUNS.map((result, i) => ({
    ...result,
    points: result.points.map((point) => {
      if (point.system !== "model") return point;
      const share = 1 + 0.075 * (i % 3);
      return { ...point, throughputPerSecond: point.throughputPerSecond * share };
    }),
  }));
  const { verdict, gate } = settledAt(0, uneven[0]!, uneven.slice(1));
  expect(verdict).toBe("inconclusive");
  expect(gate.reason).toMatch(/against 10 runs of the reference, which differ by [56]\.\d%/);
});
