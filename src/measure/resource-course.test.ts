import { describe, expect, test } from "vitest";
import type { ProcessReading } from "../process/process-reading.ts";
import { joinCourses, ResourceSampler } from "./resource-course.ts";

/** A clock and processes that a test turns by hand. */
class Machine {
  nowMs = 0;
  readonly processes = new Map<number, ProcessReading>();

  sampler(): ResourceSampler {
    return new ResourceSampler({
      pids: () => [...this.processes.keys()],
      gpu: null,
      everyMs: 1000,
      readOf: (pid) => this.processes.get(pid) ?? null,
      nowMs: () => this.nowMs,
    });
  }

  /** So long with so many CPUs busy in one process, and then so much memory. */
  pass(seconds: number, cores: number, rssBytes = 100, pid = 1): void {
    this.nowMs += seconds * 1000;
    const before = this.processes.get(pid)?.cpuSeconds ?? 0;
    this.processes.set(pid, { cpuSeconds: before + cores * seconds, rssBytes });
  }
}

describe("a system's course", () => {
  test("has a sample a second, of all processes, and the rest", () => {
    const machine = new Machine();
    machine.processes.set(1, { cpuSeconds: 50, rssBytes: 100 });
    const sampler = machine.sampler();
    machine.pass(1, 0.5);
    sampler.look();
    machine.pass(1, 0.75, 300);
    sampler.look();
    machine.pass(0.5, 1, 200);
    const samples = sampler.stop();
    expect(samples.map(({ atSeconds, cores, rssBytes }) => [atSeconds, cores, rssBytes])).toEqual([
      [1, 0.5, 100],
      [2, 0.75, 300],
      [2.5, 1, 200],
    ]);
    expect(samples[0]).toMatchObject({ gpus: null, watts: null });
  });

  test("joins a short rest to the sample before it: a block of a second is one sample", () => {
    const machine = new Machine();
    machine.processes.set(1, { cpuSeconds: 0, rssBytes: 100 });
    const sampler = machine.sampler();
    machine.pass(1, 1);
    sampler.look();
    machine.pass(0.25, 0.2, 110);
    const [only, ...none] = sampler.stop();
    expect(none).toEqual([]);
    expect(only).toMatchObject({ atSeconds: 1.25, seconds: 1.25, rssBytes: 110 });
    expect(only!.cores).toBeCloseTo((1 + 0.05) / 1.25, 12);
  });

  test("counts a process that came in its stead from its start, and misses none that went", () => {
    const machine = new Machine();
    machine.processes.set(1, { cpuSeconds: 50, rssBytes: 100 });
    const sampler = machine.sampler();
    machine.processes.delete(1);
    machine.pass(1, 0.25, 70, 2);
    expect(sampler.stop()).toMatchObject([{ cores: 0.25, rssBytes: 70 }]);
  });

  test("takes no more room for an hour than for a minute, in samples of one length", () => {
    const machine = new Machine();
    machine.processes.set(1, { cpuSeconds: 0, rssBytes: 100 });
    const sampler = machine.sampler();
    for (let second = 0; second < 3600; second++) {
      machine.pass(1, second < 1800 ? 0.25 : 0.75);
      sampler.look();
    }
    const samples = sampler.stop();
    expect(samples.length).toBeLessThanOrEqual(32);
    expect(samples.length).toBeGreaterThan(16);
    expect(samples.at(-1)!.atSeconds).toBe(3600);
    expect(samples.reduce((sum, { seconds }) => sum + seconds, 0)).toBe(3600);
    const cpuSeconds = samples.reduce((sum, { cores, seconds }) => sum + cores * seconds, 0);
    expect(cpuSeconds).toBeCloseTo(1800, 6);
    expect(new Set(samples.slice(0, -1).map(({ seconds }) => seconds)).size).toBe(1);
  });

  test("is none where the processes cannot be read from here", () => {
    const machine = new Machine();
    const sampler = machine.sampler();
    machine.nowMs = 1000;
    expect(sampler.stop()).toEqual([]);
  });
});

test("courses of stretches follow each other without the time between them", () => {
  const sample = { seconds: 1, cores: 1, rssBytes: 1, gpus: null, watts: null };
  const stretch = { samples: [{ ...sample, atSeconds: 1.1 }], seconds: 1 };
  const [first, second, ...none] = joinCourses([stretch, stretch]);
  expect([first!.atSeconds, second!.atSeconds, none]).toEqual([1.1, 2.2, []]);
  expect(joinCourses(Array.from({ length: 50 }, () => stretch))).toHaveLength(25);
});

test.runIf(process.platform === "linux")("this very process has a course", async () => {
  const sampler = new ResourceSampler({ pids: () => [process.pid], gpu: null, everyMs: 20 });
  const untilMs = performance.now() + 60;
  while (performance.now() < untilMs) await new Promise(setImmediate);
  const samples = sampler.stop();
  expect(samples.length).toBeGreaterThan(0);
  for (const { rssBytes } of samples) expect(rssBytes).toBeGreaterThan(2 ** 20);
});
