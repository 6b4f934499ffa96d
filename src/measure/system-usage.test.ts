import { expect, test } from "vitest";
import type { ProcessStats, SystemStats } from "../door/stats.ts";
import { Histogram } from "../math/histogram.ts";
import { usageBetween, usageOver } from "./system-usage.ts";

const processOf = (role: string, pid: number, cpuSeconds: number): ProcessStats => ({
  role,
  pid,
  cpuSeconds,
  rssBytes: pid * 100,
  contextSwitches: 0,
});

const histogramOf = (values: readonly number[]): string => {
  const histogram = Histogram.create();
  for (const value of values) histogram.record(value);
  return histogram.encode();
};

const empty: SystemStats = {
  processes: [],
  devices: [],
  stages: new Map(),
  batchSizes: "",
  counters: new Map(),
};

test("CPU is the difference, memory the later reading, by process and in all", () => {
  const before = { ...empty, processes: [processOf("index", 1, 10), processOf("filter", 2, 1)] };
  const after = { ...empty, processes: [processOf("index", 1, 14), processOf("filter", 2, 1.5)] };
  const usage = usageBetween(before, after);
  expect(usage.cpuSeconds).toBeCloseTo(4.5, 10);
  expect(usage.rssBytes).toBe(300);
  expect(usage.processes.map(({ cpuSeconds }) => cpuSeconds)).toEqual([4, 0.5]);
});

test("a process that was started in between counts from its start", () => {
  const before = { ...empty, processes: [processOf("index", 1, 10)] };
  const after = { ...empty, processes: [processOf("index", 3, 2)] };
  expect(usageBetween(before, after).cpuSeconds).toBe(2);
});

test("a stage's times are those recorded in between", () => {
  const before = { ...empty, stages: new Map([["search", histogramOf([9_000, 9_000])]]) };
  const after = {
    ...empty,
    stages: new Map([
      ["search", histogramOf([9_000, 9_000, 1_000, 2_000, 3_000])],
      ["new", histogramOf([500])],
    ]),
  };
  const { search, new: fresh } = usageBetween(before, after).stages;
  expect(search).toMatchObject({ count: 3 });
  expect(search!.p50).toBeCloseTo(2, 2);
  expect(search!.p99).toBeCloseTo(3, 2);
  expect(search!.totalSeconds).toBeCloseTo(0.006, 4);
  expect(fresh).toMatchObject({ count: 1, p50: 0.5 });
});

test("a stage without a time has no percentiles", () => {
  const stages = new Map([["search", histogramOf([1])]]);
  const { search } = usageBetween({ ...empty, stages }, { ...empty, stages }).stages;
  expect(search).toEqual({ count: 0, p50: null, p99: null, totalSeconds: 0 });
});

test("batches and devices are null where there are none, else counted over the interval", () => {
  expect(usageBetween(empty, empty)).toMatchObject({ batch: null, gpu: null });
  const before = {
    ...empty,
    batchSizes: histogramOf([64]),
    devices: [{ name: "gpu0", memoryBytes: 5, busySeconds: 1 }],
    counters: new Map([["n", 2]]),
  };
  const after = {
    ...empty,
    batchSizes: histogramOf([64, 2, 4]),
    devices: [{ name: "gpu0", memoryBytes: 7, busySeconds: 3 }],
    counters: new Map([["n", 5]]),
  };
  const usage = usageBetween(before, after);
  expect(usage.batch).toEqual({ mean: 3, p99: 4 });
  expect(usage.gpu).toEqual({ busySeconds: 2, memoryBytes: 7 });
  expect(usage.counters.get("n")).toBe(3);
});

test("over stretches with pauses, CPU is that of the stretches, and stages of all", () => {
  const reading = (cpuSeconds: number, times: readonly number[]): SystemStats => ({
    ...empty,
    processes: [processOf("index", 1, cpuSeconds)],
    stages: new Map([["search", histogramOf(times)]]),
  });
  const [a, b, c, d] = [
    reading(10, [1]),
    reading(12, [1, 2]),
    reading(13, [1, 2]),
    reading(16, [1, 2, 3]),
  ] as const;
  const usage = usageOver([usageBetween(a, b), usageBetween(c, d)], usageBetween(a, d));
  expect(usage.cpuSeconds).toBe(5);
  expect(usage.processes[0]!.cpuSeconds).toBe(5);
  expect(usage.stages["search"]).toMatchObject({ count: 2 });
});
