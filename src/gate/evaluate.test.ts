import { describe, expect, it } from "vitest";
import {
  alteredSample,
  MESH,
  MODEL,
  sampleResult,
  smallSample,
} from "../result/sample-result.fixture.ts";
import type { CostRow, GateVerdict, Result } from "../result/schema.ts";
import { evaluateGates } from "./evaluate.ts";

const sample = smallSample();

function only(text: string, result: Result = sample): GateVerdict {
  const verdicts = evaluateGates([text], result);
  expect(verdicts).toHaveLength(1);
  return verdicts[0]!;
}

const overMesh = (limit: number): string => `throughput(model)/throughput(mesh) >= ${limit}`;

describe("a gate on a ratio", () => {
  const ratio = MODEL.throughput / MESH.throughput;
  it("passes with the interval on the right side, regresses on the wrong, else is inconclusive", () => {
    expect(only(overMesh(ratio * 0.5)).verdict).toBe("pass");
    expect(only(overMesh(ratio * 2)).verdict).toBe("regression");
    const { value, low, high, verdict, n } = only(overMesh(only(overMesh(1)).value!));
    expect(verdict).toBe("inconclusive");
    expect([low! < value!, value! < high!, n]).toEqual([true, true, 5]);
  });

  it("pairs blocks as the headline does, and so says the same", () => {
    const inBlocks = sampleResult({ samplesPerPoint: 50, alter: withBlocks }).result;
    const headline = inBlocks.comparisons.find(
      ({ metric, of, over }) => metric === "throughput" && of === "model" && over === "mesh",
    )!;
    const { value, low, high, n, reason } = only(overMesh(1), inBlocks);
    expect(headline.pairs).toBe("blocks");
    expect({ value, low, high, n }).toEqual({
      value: headline.ratio,
      low: headline.low,
      high: headline.high,
      n: 20,
    });
    expect(reason).toContain("20 paired blocks");
    const promise = "throughput(model)/throughput(mesh) >= 0.9 * reference";
    expect(against(promise, inBlocks, inBlocks).reason).toContain(
      "20 blocks against 20 blocks of the reference",
    );
  });

  it("goes back to rounds where a system stood still for a block", () => {
    const stalled = sampleResult({
      samplesPerPoint: 50,
      alter: (point) => {
        const { blocks, ...rest } = withBlocks(point);
        if (point.key !== "model/closed/3") return { ...rest, blocks };
        return { ...rest, blocks: [{ ...blocks[0]!, throughputPerSecond: 0 }, ...blocks.slice(1)] };
      },
    }).result;
    expect(only(overMesh(1), stalled)).toMatchObject({ n: 5, verdict: "pass" });
  });

  it("turns with the operator", () => {
    expect(only("p99(model)/p99(mesh) < 0.9").verdict).toBe("pass");
    expect(only("p99(model)/p99(mesh) > 0.9").verdict).toBe("regression");
  });

  it("is inconclusive on one round, whatever the ratio", () => {
    expect(only(overMesh(0.1), alteredSample("", {}, 1)).verdict).toBe("inconclusive");
  });
});

describe("a gate on a number", () => {
  it("takes the median over valid rounds, and passes with its interval on the right side", () => {
    const p50s = [10, 11, 12, 13, 14];
    const result = p50s.reduce<Result>((changed, p50, i) => withP50(changed, i + 1, p50), sample);
    // Logarithms 2.303 to 2.639 with a mean of 2.479 and an error of 0.0594: t(0.975, 4) is 2.776.
    const verdict = only("p50(model) <= 15ms", result);
    expect(verdict).toMatchObject({ verdict: "pass", value: 12, n: 5 });
    expect(verdict.low).toBeCloseTo(10.1, 2);
    expect(verdict.high).toBeCloseTo(14.06, 2);
    expect(only("p50(model) <= 13ms", result).verdict).toBe("inconclusive");
    expect(only("p50(model) <= 10ms", result).verdict).toBe("regression");
    expect(only("p50(model) <= 13", result).reason).toBe(
      "12, 10.1 to 14.06 at 95%, median of 5 rounds",
    );
  });

  it("is inconclusive on one round, but for recall, which no weather moves", () => {
    const one = alteredSample("", {}, 1);
    expect(only("p50(model) <= 1000ms", one)).toMatchObject({ verdict: "inconclusive", low: null });
    expect(only("recall(model) >= 0.95", one)).toMatchObject({ verdict: "pass", low: 1, n: 1 });
  });

  it("lets one bad round make it inconclusive, however good the median", () => {
    const result = alteredSample("model/closed/1", { recall: 0.2 });
    expect(only("recall(model) >= 0.95", result)).toMatchObject({
      verdict: "inconclusive",
      value: 1,
      n: 5,
    });
    expect(only("recall(mesh) >= 0.99")).toMatchObject({
      verdict: "regression",
      value: MESH.recall,
    });
  });

  it("takes counts of faults from the worst round, discarded ones too", () => {
    expect(only("violations(model) == 0").verdict).toBe("pass");
    const result = alteredSample("model/closed/4", { violations: 2, verdict: "invalid" });
    expect(only("violations(model) == 0", result)).toMatchObject({
      verdict: "regression",
      value: 2,
    });
  });

  it("judges each system where it says *", () => {
    const verdicts = evaluateGates(["recall(*) >= 0.99"], sample);
    expect(verdicts.map(({ expression, verdict }) => [expression, verdict])).toEqual([
      ["recall(mesh) >= 0.99", "regression"],
      ["recall(mesh-in-process) >= 0.99", "regression"],
      ["recall(model) >= 0.99", "pass"],
    ]);
  });

  it("knows CPU a request and dollars", () => {
    expect(only("cpu(model) <= 1ms")).toMatchObject({ verdict: "pass" });
    const row = {
      system: "model",
      load: "closed",
      basis: "machines",
      dollarsPerHour: 3.6,
      machines: null,
      plan: null,
    } as CostRow;
    const result = { ...alteredSample("model", { throughputPerSecond: 500 }), cost: [row] };
    expect(only("dollars(model) <= 3", result).value).toBeCloseTo(2, 12);
    // 10,000 / (500 * 0.5) is 40 machines and one spare at 0.1: 4.1 an hour for 36 million.
    const plan = { requestsPerSecond: 10_000, headRoom: 0.5, spares: 1 };
    const planned = { ...result, cost: [{ ...row, machines: 36, plan }] };
    expect(only("dollars(model) <= 3", planned).value).toBeCloseTo(4.1 / 36, 12);
  });
});

describe("a gate on the reference", () => {
  it("reads it for as many rounds as there are: both were as warm by then", () => {
    const warming = sampleResult({
      samplesPerPoint: 50,
      alter: (point) =>
        point.system === "mesh" && point.round > 2
          ? { ...point, throughputPerSecond: 2 * point.throughputPerSecond }
          : point,
    }).result;
    const early = { ...warming, points: warming.points.filter(({ round }) => round <= 2) };
    const text = "throughput(model)/throughput(mesh) >= 0.9 * reference";
    const { value, reason } = against(text, early, warming);
    expect(value).toBeCloseTo(1, 9);
    expect(reason).toContain("2 rounds against 2 rounds of the reference");
  });

  const better = sampleResult({ seed: 8, samplesPerPoint: 50 }).result;
  it("passes what is no worse, and finds what is", () => {
    const text = "throughput(model)/throughput(mesh) >= 0.9 * reference";
    expect(against(text, sample, better).verdict).toBe("pass");
    expect(against(text, slower(0.7), better).verdict).toBe("regression");
    const { verdict, value, reference, low, high } = against(text, slower(0.9), better);
    expect(verdict).toBe("inconclusive");
    expect(value).toBeCloseTo(0.9, 1);
    expect(reference).toBeCloseTo(MODEL.throughput / MESH.throughput, 0);
    expect([low! < value!, value! < high!]).toEqual([true, true]);
  });

  it("judges single numbers with the spread of both runs", () => {
    expect(against("throughput(model) >= 0.4 * reference", sample, better).verdict).toBe("pass");
    const { value } = against("throughput(model) >= reference", sample, better);
    const even = `throughput(model) >= ${value} * reference`;
    expect(against(even, sample, better).verdict).toBe("inconclusive");
    expect(against("p99(model) <= 0.3 * reference", sample, better).verdict).toBe("regression");
  });

  it("takes recall and counts of faults as they are", () => {
    expect(against("recall(model) >= reference", sample, better).verdict).toBe("pass");
    expect(against("violations(model) <= reference", sample, better).verdict).toBe("pass");
    const faulty = alteredSample("model/closed/2", { violations: 1 });
    expect(against("violations(model) <= reference", faulty, better).verdict).toBe("regression");
  });

  it("is invalid without one, or where it lacks the number", () => {
    const text = "throughput(model) >= 0.9 * reference";
    expect(against(text, sample)).toMatchObject({
      verdict: "invalid",
      reason: "no reference was given to compare with",
    });
    expect(against(text, sample, smallSample({ mesh: MESH }))).toMatchObject({
      verdict: "invalid",
      reason: "of the reference, there is no system model: the result has mesh",
    });
  });
});

describe("a gate fails closed", () => {
  const noP99 = { latencyMs: { ...sample.points[0]!.latencyMs, p99: null } };
  it.each([
    ["an unknown system", "recall(modle) >= 0", sample, "no system modle: the result has mesh"],
    ["an unknown load", "p50(model, open) <= 1", sample, "was not measured at the load open"],
    ["a rate not offered", "p50(model, closed@9) <= 1", sample, "at the load closed@9"],
    [
      "no valid round",
      "recall(model) >= 0",
      alteredSample("model", { verdict: "invalid" }),
      "no round of model",
    ],
    [
      "no valid pair",
      "p50(model)/p50(mesh) >= 0",
      alteredSample("mesh", { verdict: "invalid" }),
      "no round of mesh",
    ],
    ["a round without it", "p99(model) <= 1", alteredSample("model/closed/2", noP99), "in round 2"],
    ["a system unpriced", "dollars(model) <= 1", sample, "has no price"],
    [
      "a round without any answer",
      "goodput(model)/goodput(mesh) > 0",
      alteredSample("model/closed/2", { goodputPerSecond: 0 }),
      "is 0 in round 2",
    ],
    ["a run cut short", "recall(model) >= 0", { ...sample, complete: false }, "did not complete"],
    ["no system at all", "recall(*) >= 0", { ...sample, systems: {} }, "no system was measured"],
  ])("on %s", (_, text, result, reason) => {
    const verdict = only(text, result);
    expect(verdict).toMatchObject({ verdict: "invalid", value: null, n: 0 });
    expect(verdict.reason).toContain(reason);
  });
});

/** The point as if it had been measured in four blocks of changing weather. */
function withBlocks(point: Result["points"][number]): Result["points"][number] {
  const weather = point.system === "model" ? [0.9, 1.05, 1.1, 0.95] : [0.95, 1, 1.1, 0.95];
  const blocks = weather.map((speed) => ({
    seconds: 1,
    throughputPerSecond: point.throughputPerSecond * speed,
    calibrationMs: 10,
    flagged: false,
  }));
  return { ...point, blocks };
}

function withP50(result: Result, round: number, p50: number): Result {
  const points = result.points.map((point) =>
    point.key === `model/closed/${round}`
      ? { ...point, latencyMs: { ...point.latencyMs, p50 } }
      : point,
  );
  return { ...result, points };
}

function against(text: string, result: Result, ...reference: Result[]): GateVerdict {
  return evaluateGates([text], result, reference)[0]!;
}

function slower(share: number): Result {
  return {
    ...sample,
    points: sample.points.map((point) =>
      point.system === "model"
        ? { ...point, throughputPerSecond: point.throughputPerSecond * share }
        : point,
    ),
  };
}
