import { expect, test } from "vitest";
import { parseProcess, readProcess } from "./process-reading.ts";

test("CPU time and resident memory of a process, whatever its name is", () => {
  const stat = `42 (a) b (c) S 1 42 42 0 -1 4194560 900 0 0 0 150 25 0 0 20 0 11 0 100 5 6`;
  expect(parseProcess(stat, "Name:\ta\nVmRSS:\t    2048 kB\nThreads:\t1\n")).toEqual({
    cpuSeconds: 1.75,
    rssBytes: 2 ** 21,
  });
});

test("what has ended but was not waited for has no memory, and is none", () => {
  expect(parseProcess("42 (a) Z 1 42 42 0 -1 4 9 0 0 0 1 1 0", "Name:\ta\n")).toBeNull();
});

test.runIf(process.platform === "linux")("this process can be read, and none cannot", () => {
  const own = readProcess(process.pid)!;
  expect(own.rssBytes / process.memoryUsage.rss()).toBeGreaterThan(0.5);
  expect(own.cpuSeconds).toBeGreaterThan(0);
  expect(readProcess(2 ** 30)).toBeNull();
});
