import { describe, expect, it } from "vitest";
import { collectDoubts } from "./collect-doubts.ts";
import { doubt, gatherDoubts } from "./doubts.ts";
import { alteredSample, MESH, MODEL, sampleResult, smallSample } from "./sample-result.fixture.ts";
import type { Point, Result } from "./schema.ts";

const codes = (result: Result): string[] => result.doubts.map(({ code }) => code);

describe("doubts", () => {
  it("of a plain run on a virtual machine are few, the gravest first", () => {
    expect(codes(sampleResult({ samplesPerPoint: 2000 }).result)).toEqual([
      "virtualised",
      "closed-loop",
      "repeated-requests",
    ]);
  });

  it("tell what each fault came to, over the rounds together", () => {
    const fault = { service: "index", kind: "kill", atSeconds: 1, seconds: 2, downSeconds: 2.4 };
    const struck = { ...fault, errors: 12, partial: 3, recoverySeconds: 2.5 } as const;
    const lost = { ...fault, errors: 40, partial: 0, recoverySeconds: null } as const;
    const harmed = alteredSample("model/closed/2", { faults: [lost] as Point["faults"] }, 3);
    const { points } = alteredSample("model", { faults: [struck] as Point["faults"] }, 3);
    const mixed = harmed.points.map((point, at) => (point.faults.length > 0 ? point : points[at]!));
    const text = collectDoubts({ ...harmed, points: mixed }).find(({ code }) => code === "faults");
    expect(text?.text).toContain(
      "index kill at 1 s of model/closed: up to 40 errors, 3 partial answers, recovered within 2.50 s, no recovery in 1 of 3 rounds",
    );
  });

  it.each([
    ["client-bound", alteredSample("model", { bound: "client" })],
    ["violations", alteredSample("model", { violations: 1 })],
    ["few-rounds", alteredSample("", {}, 3)],
    ["incomplete", sampleResult({ complete: false, samplesPerPoint: 50 }).result],
    ["no-in-process-mesh", smallSample({ mesh: MESH, model: MODEL })],
    ["no-mesh", smallSample({ model: MODEL })],
  ])("name %s", (code, result) => {
    expect(codes(result)).toContain(code);
  });

  it("tell of how few answers a recall is, where there is one", () => {
    const few = (point: Partial<Point>): boolean =>
      codes(alteredSample("mesh/closed/2", point)).includes("few-scored");
    expect(few({ scored: 99 })).toBe(true);
    expect(few({ scored: 100 })).toBe(false);
    expect(few({ scored: null })).toBe(false);
    expect(few({ scored: 0, recall: null })).toBe(false);
  });

  it("tell how wide an interval is, but of no ratio that is not stated", () => {
    const result = smallSample({ mesh: MESH, model: MODEL });
    const wide = (recallAt: number | null): boolean => {
      const comparisons = result.comparisons.map((each) => ({
        ...each,
        low: 1,
        high: 9,
        recallAt,
      }));
      return collectDoubts({ ...result, comparisons }).some(({ code }) => code === "wide-interval");
    };
    expect(wide(0.95)).toBe(true);
    expect(wide(null)).toBe(false);
  });

  it("tell which rounds were discarded and why", () => {
    const invalid: Partial<Point> = { verdict: "invalid", reasons: ["throttled"] };
    const { doubts } = alteredSample("mesh/closed/2", invalid);
    const text = doubts.map((each) => each.text).join(" ");
    expect(text).toContain("1 of 5 of mesh (throttled)");
    expect(text).toContain("fewer than five pairs");
  });

  it("tell of a variant that tuning passed over, and that was faster in the rounds", () => {
    const result = smallSample({ model: MODEL });
    const as = (variant: string, throughputPerSecond: number, recall = 0.99): Point[] =>
      result.points.map((point) => ({ ...point, variant, throughputPerSecond, recall }));
    const chosen = { system: "model", variant: "ef=64", recall: 0.99, short: 0 };
    const outrun = (points: Point[]): string[] =>
      collectDoubts({ ...result, points, tuning: [{ ...chosen, throughputPerSecond: 1 }] })
        .filter(({ code }) => code === "outrun-variant")
        .map(({ text }) => text);
    const slow = as("ef=64", 100);
    expect(outrun([...slow, ...as("ef=32", 120)])).toEqual([
      "A variant that tuning passed over was faster where it counted: ef=32 of model, by 20% over ef=64.",
    ]);
    // Within what rounds differ by, or not as good: no reason to doubt the choice.
    expect(outrun([...slow, ...as("ef=32", 104)])).toEqual([]);
    expect(outrun([...slow, ...as("ef=16", 200, 0.9)])).toEqual([]);
  });

  it("tell of a ratio that falls while a system is still growing faster", () => {
    const growing = (each: number) => (point: Point) =>
      point.system === "mesh"
        ? { ...point, throughputPerSecond: 300 * (1 + each * point.round) }
        : { ...point, throughputPerSecond: 1500 };
    const doubtsOf = (each: number): string[] =>
      sampleResult({ rounds: 10, samplesPerPoint: 50, alter: growing(each) })
        .result.doubts.filter(({ code }) => code === "ratio-drift")
        .map(({ text }) => text);
    const [text, ...none] = doubtsOf(0.05);
    expect(none).toEqual([]);
    expect(text).toContain("model over mesh fell by 30% over 10 rounds");
    expect(doubtsOf(0.005)).toEqual([]);
  });

  it("of one kind are told in one sentence", () => {
    const { doubts } = alteredSample("", {});
    const all = gatherDoubts([
      ...doubts,
      doubt("violations", "1 by a"),
      doubt("violations", "2 by b"),
    ]);
    expect(all.filter(({ code }) => code === "violations")).toEqual([
      doubt("violations", "1 by a; 2 by b"),
    ]);
    expect(gatherDoubts(all)).toEqual(all);
    expect(gatherDoubts([{ code: "other", text: "Odd." }, doubt("virtualised")])).toEqual([
      doubt("virtualised"),
      { code: "other", text: "Odd." },
    ]);
  });

  it("look at the machine", () => {
    const result = smallSample();
    const machine = { ...result.machine, virtualised: false, governor: "powersave" };
    const systems = { ...result.systems, model: { ...result.systems["model"]!, cpus: null } };
    const found = collectDoubts({ ...result, machine, systems })
      .map(({ text }) => text)
      .join(" ");
    expect(found).toContain('their governor is "powersave"');
    expect(found).toContain("model had no CPUs of their own");
    expect(found).not.toContain("virtual");
  });

  it("read as sentences", () => {
    expect(doubt("virtualised").text).toMatch(/\.$/);
    expect(doubt("violations", "3 by model").text).toMatch(/: 3 by model\.$/);
  });
});
