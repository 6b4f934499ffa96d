import { expect, test } from "vitest";
import { renderMetrics } from "./metrics.ts";
import { StageTimes } from "./stage-times.ts";

test("stats are told in the Prometheus text format, in base units", async () => {
  const times = new StageTimes();
  times.record("index.search", 2);
  times.record("index.search", 4);
  const { contentType, text } = await renderMetrics({
    processes: [{ pid: 7, role: "index", cpuSeconds: 1.5, rssBytes: 1024, contextSwitches: 3 }],
    devices: [{ name: "gpu0", memoryBytes: 2048, busySeconds: 0.25 }],
    stages: times.encode(),
    batchSizes: "",
    counters: new Map([["door.answers", 2]]),
  });
  expect(contentType).toContain("text/plain");
  expect(text).toContain('silverbench_cpu_seconds_total{role="index",pid="7"} 1.5');
  expect(text).toContain('silverbench_resident_bytes{role="index",pid="7"} 1024');
  expect(text).toContain('silverbench_device_busy_seconds_total{device="gpu0"} 0.25');
  expect(text).toContain('silverbench_counter{name="door.answers"} 2');
  expect(text).toContain("# TYPE silverbench_stage_seconds summary");
  expect(text).toContain('silverbench_stage_seconds{stage="index.search",quantile="0.5"} 0.002');
  expect(text).toContain('silverbench_stage_seconds_count{stage="index.search"} 2');
  expect(text).toMatch(/silverbench_stage_seconds_sum\{stage="index.search"\} 0\.006/);
});

test("two scrapes do not add up", async () => {
  const stats = {
    processes: [{ pid: 7, role: "index", cpuSeconds: 1, rssBytes: 1, contextSwitches: 1 }],
    devices: [],
    stages: new Map(),
    batchSizes: "",
    counters: new Map(),
  };
  const first = await renderMetrics(stats);
  expect(await renderMetrics(stats)).toEqual(first);
});
