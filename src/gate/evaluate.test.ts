import { describe, expect, it } from "vitest";
import { alteredSample, MESH, MODEL, smallSample } from "../result/sample-result.fixture.ts";
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

  it("turns with the operator", () => {
    expect(only("p99(model)/p99(mesh) < 0.9").verdict).toBe("pass");
    expect(only("p99(model)/p99(mesh) > 0.9").verdict).toBe("regression");
  });

  it("is inconclusive on one round, whatever the ratio", () => {
    expect(only(overMesh(0.1), alteredSample("", {}, 1)).verdict).toBe("inconclusive");
  });
});

describe("a gate on a number", () => {
  it("takes the median over valid rounds", () => {
    const result = alteredSample("model/closed/1", { recall: 0.2 });
    expect(only("recall(model) >= 0.95", result)).toMatchObject({
      verdict: "pass",
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
