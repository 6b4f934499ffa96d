import type { Data, Spec } from "vega";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { toHistoryRow } from "../result/history.ts";
import { IN_PROCESS, MESH, MODEL } from "../result/sample-result.fixture.ts";
import type { SampleOptions } from "../result/sample-result.fixture.ts";
import { decidedSample } from "./decided-result.fixture.ts";
import { chartSpecs, drawn } from "./drawn-chart.fixture.ts";
import { logTicks } from "./log-ticks.ts";
import { renderReport } from "./render-report.ts";
import { richSample } from "./rich-result.fixture.ts";
import { percentileShares } from "./sections/latency-percentiles.ts";

/** Every chart of a result's page, by its id. */
async function chartsOf(options: SampleOptions): Promise<Map<string, Spec>> {
  return chartsIn(await decidedSample(options));
}

function chartsIn({
  result,
  samples,
}: Awaited<ReturnType<typeof decidedSample>>): Map<string, Spec> {
  return chartSpecs(renderReport(result, samples));
}

/** A chart's form is what is held to, not its numbers. */
function firstTwo(data: Data): Data {
  return "values" in data && Array.isArray(data.values)
    ? { ...data, values: data.values.slice(0, 2) }
    : data;
}

/** Golden files hold no digits that another machine's Math.exp might turn. */
function rounded(_: string, value: unknown): unknown {
  return typeof value === "number" ? Number(value.toPrecision(6)) : value;
}

const CASES: readonly (readonly [string, SampleOptions])[] = [
  ["of a whole run", {}],
  ["of one round, where no ratio has an interval", { rounds: 1 }],
  ["of a run cut short", { complete: false, rounds: 2 }],
  ["of one system alone", { behaviours: { model: MODEL } }],
  ["of twenty-four rounds", { rounds: 24 }],
  [
    "of a run with an invalid round",
    {
      alter: (point) =>
        point.round === 2 ? { ...point, verdict: "invalid", reasons: ["throttled"] } : point,
    },
  ],
  ["of nothing valid", { alter: (point) => ({ ...point, verdict: "invalid" }) }],
  [
    "of more systems than marks",
    {
      behaviours: {
        mesh: MESH,
        "mesh-in-process": IN_PROCESS,
        a: MODEL,
        b: MODEL,
        c: MESH,
        d: MODEL,
      },
    },
  ],
  [
    "of stages and processes that are not known",
    {
      alter: (point) => ({ ...point, stages: {}, processes: [], rssBytes: null, cpuSeconds: null }),
    },
  ],
];

describe("the charts", () => {
  // Vega-Lite complains of a chart while it compiles it.
  beforeEach(() => {
    vi.spyOn(console, "warn").mockImplementation((...words) => {
      throw new Error(words.join(" "));
    });
  });
  afterEach(() => void vi.restoreAllMocks());

  it.each(CASES)("%s are drawn without a complaint", async (_, options) => {
    const charts = await chartsOf({ samplesPerPoint: 100, ...options });
    expect(charts.size).toBeGreaterThan(0);
    for (const [id, spec] of charts) {
      const { complaints, svg } = await drawn(spec);
      expect([id, complaints]).toEqual([id, []]);
      expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    }
  });

  it("of a result that holds all it may are drawn without a complaint", async () => {
    const charts = chartsIn(await richSample({ rounds: 2, samplesPerPoint: 50 }));
    const ids = [...charts.keys()];
    for (const id of [
      "ladder",
      "frontier",
      "load-latency-p99",
      "capacity",
      "memory-device",
      "faults-1",
      "updates",
      "resources-gpu-power",
      "drift",
      "filter-matrix-near",
      "filter-matrix-elsewhere",
      "filter-matrix-ratio-1",
      "frontier-near",
    ]) {
      expect(ids).toContain(id);
    }
    for (const [id, spec] of charts) {
      const { complaints, svg } = await drawn(spec);
      expect([id, complaints]).toEqual([id, []]);
      expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    }
  });

  it("of a sweep in which no variant is beaten are drawn without a complaint", async () => {
    const sweep = await richSample({ rounds: 2, samplesPerPoint: 50 });
    const frontier = sweep.result.frontier
      .filter(({ system }) => system === "mesh")
      .map((row, i) => ({ ...row, recall: 0.9 + i / 50, throughputPerSecond: 700 - i }))
      .map((row) => ({ ...row, onFrontier: true, chosen: false }));
    const charts = chartsIn({ ...sweep, result: { ...sweep.result, frontier } });
    const { complaints } = await drawn(charts.get("frontier")!);
    expect(complaints).toEqual([]);
  });

  it("of a history with a change of level are drawn without a complaint", async () => {
    const { result, samples } = await decidedSample({ samplesPerPoint: 50 });
    const history = Array.from({ length: 10 }, (_, i) => {
      const row = toHistoryRow(result, [], `commit-${i}`);
      const ratio = (i < 5 ? 3 : 2.4) * (1 + 0.01 * (i % 3));
      return { ...row, overMesh: { model: { ratio, low: ratio * 0.95, high: ratio * 1.05 } } };
    });
    const page = renderReport(result, samples, [...history, { ...history[0]!, scenario: "other" }]);
    expect(page).toContain("Level changed: model at run 6.");
    const spec = /data-for="chart-trend">([^<]*)</.exec(page)![1]!;
    const { complaints, svg } = await drawn(JSON.parse(spec) as Spec);
    expect(complaints).toEqual([]);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  });

  it("are what they were, apart from their data", async () => {
    const charts = await chartsOf({ rounds: 3, samplesPerPoint: 100 });
    expect([...charts.keys()]).toEqual([
      "ratios-1",
      "ratios-2",
      "ratios-3",
      "ladder",
      "throughput",
      "latency-percentiles",
      "latency-distribution",
      "stages-1",
      "stages-2",
      "stages-3",
      "batches-1",
      "batches-2",
      "batches-3",
      "processes-1",
      "processes-2",
      "processes-3",
      "memory-host",
      "resources-cores",
      "resources-resident",
      "cost-machines",
      "cost-resources",
      "cost-fleets",
    ]);
    for (const id of [
      "ratios-1",
      "throughput",
      "latency-percentiles",
      "latency-distribution",
      "stages-1",
    ]) {
      const { config, data = [], ...spec } = charts.get(id)!;
      expect(config).toBeDefined();
      const trimmed = { ...spec, data: data.map(firstTwo) };
      await expect(`${JSON.stringify(trimmed, rounded, 2)}\n`).toMatchFileSnapshot(
        `golden/${id}.snap`,
      );
    }
  });
});

describe("the axis of percentiles", () => {
  it("ends where ten samples are left above", () => {
    expect(percentileShares(10_000).at(-1)).toBeCloseTo(0.999, 12);
    expect(percentileShares(10_000)[0]).toBe(0);
    expect(percentileShares(5)).toEqual([0, 0]);
  });
});

describe("ticks of a log axis", () => {
  it("are 1, 2, 5 of each decade, or finer in a narrow range", () => {
    expect(logTicks(0.6, 60)).toEqual([1, 2, 5, 10, 20, 50]);
    expect(logTicks(0.1, 1)).toEqual([0.1, 0.2, 0.5, 1]);
    expect(logTicks(1, 3.5)).toEqual([1, 1.5, 2, 3]);
  });
});
