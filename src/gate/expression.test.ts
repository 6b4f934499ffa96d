import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GATE_METRICS, parseGate, parseGates } from "./expression.ts";

describe("a gate expression", () => {
  it("reads a ratio of two systems at the headline load", () => {
    expect(parseGate("throughput(model)/throughput(mesh) >= 2")).toEqual({
      text: "throughput(model)/throughput(mesh) >= 2",
      left: { metric: "throughput", system: "model", load: null, ratePerSecond: null },
      over: { metric: "throughput", system: "mesh", load: null, ratePerSecond: null },
      operator: ">=",
      limit: 2,
      ofReference: false,
      confidence: 0.95,
    });
  });

  it("reads a load, its rate and a unit", () => {
    expect(parseGate(" p99( model , ramp@500 )<=50ms ")).toMatchObject({
      left: { metric: "p99", system: "model", load: "ramp", ratePerSecond: 500 },
      over: null,
      operator: "<=",
      limit: 50,
    });
  });

  it("reads a share of the reference, and how its interval is made", () => {
    const whole = { limit: 1, ofReference: true };
    expect(parseGate("throughput(model) >= reference")).toMatchObject(whole);
    const share = { limit: 0.95, ofReference: true };
    expect(parseGate("throughput(model) >= 0.95 * reference (ci 95%)")).toMatchObject(share);
    expect(parseGate("throughput(model) >= reference (ci 90%)").confidence).toBe(0.9);
    expect(parseGate("throughput(model) >= reference").confidence).toBe(0.95);
    expect(parseGate("p99(a)/p99(b)<=1.1*reference")).toMatchObject({ limit: 1.1 });
    expect(parseGate("p99(a) <= 50ms (ci 95%)")).toMatchObject({ limit: 50, ofReference: false });
  });

  it("reads several, and tells every mistake in them at once", () => {
    expect(parseGates(["recall(a) > 0", "short(*) == 0"])).toHaveLength(2);
    const message = messageOf(() => parseGates(["speed(a) > 1", "recall(a) > 0", "p50(a) > x"]));
    expect(message.split("\n")).toEqual([
      expect.stringContaining('gate "speed(a) > 1", position 1: expected a metric'),
      expect.stringContaining('gate "p50(a) > x", position 10: expected a number'),
    ]);
  });

  it("reads every system as *", () => {
    expect(parseGate("recall(*) >= 0.95").left.system).toBe("*");
  });

  it.each([
    ["", "position 1: expected a metric"],
    ["speed(model) > 1", "position 1: expected a metric (throughput, goodput, p50, p90, p99"],
    ["constructor(model) > 1", "position 1: expected a metric"],
    ["recall model >= 1", 'position 8: expected "(", found "model >= 1"'],
    ["recall() >= 1", `position 8: expected a system's name or "*", found ") >= 1"`],
    ["recall(model) => 1", 'position 15: expected one of ">=", "<=", ">", "<", "==", found "=> 1"'],
    ["recall(model) >= high", 'position 18: expected a number, found "high"'],
    ["recall(model) >=", "position 17: expected a number, found the end"],
    ["recall(model) >= 1 2", 'position 20: expected nothing more, found "2"'],
    [
      "throughput(model)/p99(mesh) >= 1",
      'position 18: expected the same metric on both sides of "/"',
    ],
    [
      "short(model)/short(mesh) <= 1",
      "position 13: expected a comparison operator: short is a count",
    ],
    ["recall(*)/recall(mesh) >= 1", 'position 10: expected a comparison operator: "*"'],
    ["throughput(a)/throughput(b) == 1", "never exactly equal"],
    ["recall(a) >= 0 * reference", "position 14: expected a share of the reference above 0"],
    ["recall(a) >= 2 * better", 'expected "reference", found "better"'],
    ["recall(a) >= 0.9 (ci 99%)", 'expected "95%" or "90%", found "99%)"'],
    ["throughput(model) >= 5ms", "throughput is not in milliseconds"],
  ])("refuses %j, naming the position", (text, message) => {
    expect(() => parseGate(text)).toThrow(message);
  });

  it("reads back whatever it could have been told", () => {
    const name = fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,8}$/);
    const metric = fc.constantFrom(...Object.keys(GATE_METRICS));
    const operator = fc.constantFrom(">=", "<=", ">", "<");
    const limit = fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0);
    fc.assert(
      fc.property(metric, name, name, operator, limit, (m, system, load, op, value) => {
        const parsed = parseGate(`${m}(${system}, ${load}) ${op} ${value}`);
        expect(parsed.left).toEqual({ metric: m, system, load, ratePerSecond: null });
        expect([parsed.operator, parsed.limit]).toEqual([op, value]);
      }),
    );
  });
});

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("expected an error");
}
