import { afterAll, expect, test } from "vitest";
import { Histogram } from "../math/histogram.ts";
import { judgeStretch } from "../measure/validity.ts";
import type { RetrievalRequest } from "../retrieval/request.ts";
import type { System } from "../system.ts";
import { arrivalTimes, steadyRate } from "./arrivals.ts";
import type { DelayScript } from "./delay-script.ts";
import { type Drive, driveFrom, type DriveOptions } from "./drive.ts";
import type { OpenTask } from "./load-task.ts";
import { LoadThreads } from "./load-threads.ts";
import type { Observations } from "./observations.ts";
import { driveOpenLoop } from "./open-loop.ts";
import { startScripted } from "./probe-system.ts";
import { Random } from "../math/random.ts";
import { requestBytes } from "./request-bytes.ts";
import { framed } from "./frame.ts";
import { requestToBytes } from "../door/retrieval-service.ts";

const signal = new AbortController().signal;
const threads = new LoadThreads();
afterAll(() => threads[Symbol.asyncDispose]());

const requests = [0, 1, 2].map((id): RetrievalRequest => ({
  user: { kind: "id", id },
  k: 1,
  filter: "",
  exclude: new Float64Array(),
}));

const start = (script: DelayScript, maxInFlight = 100_000): Promise<System> =>
  startScripted("scripted", script, {
    name: "scripted",
    cpus: null,
    limits: { items: 10, userDim: 1, queryDim: 1, maxInFlight },
    onProgress: () => {},
    signal,
  });

const evenly = (perSecond: number, seconds: number): Float64Array =>
  arrivalTimes({
    rate: steadyRate(perSecond, seconds),
    arrivals: "constant",
    random: new Random(1),
  });

const open = (perSecond: number, seconds: number, more: { maxInFlight?: number } = {}): Drive => ({
  shape: "open",
  schedule: { dueMs: evenly(perSecond, seconds + 0.5), runUpMs: 500, seconds },
  maxInFlight: 10_000,
  client: "lean",
  connections: 2,
  ...more,
});

const driven = (
  system: System,
  load: Drive,
  more: Partial<DriveOptions> = {},
): Promise<Observations> =>
  driveFrom(threads, {
    system,
    load,
    requests,
    startAt: 0,
    seconds: 1,
    requestTimeoutMs: 10_000,
    signal,
    ...more,
  });

test("every request that is due in the window has a latency, over however many threads", async () => {
  await using system = await start({ kind: "constant", delayMs: 10 });
  for (const count of [1, 3]) {
    const observed = await driven(system, open(90, 1), { threads: count });
    expect(observed).toMatchObject({ threads: count, offered: 90, unsent: 0, overloaded: null });
    expect(observed.latency.count).toBe(90);
    expect(observed.sendLatency!.count).toBe(90);
    expect(observed.answers.count).toBe(90);
    // Each thread takes its own of the walk: together they ask for each alike.
    const asked = [0, 1, 2].map((request) =>
      observed.answers.requestOf.filter((of) => of === request),
    );
    expect(asked.map(({ length }) => length)).toEqual([30, 30, 30]);
    expect(observed.latency.quantile(0)).toBeGreaterThanOrEqual(9_900);
  }
});

test("at the cap the point is overloaded: it stops, and says what was never sent", async () => {
  await using system = await start({ kind: "constant", delayMs: 1_500 });
  const observed = await driven(system, open(100, 5, { maxInFlight: 40 }));
  expect(observed.overloaded).toContain("40 requests were under way");
  expect(observed.seconds).toBeLessThan(4);
  expect(observed.unsent).toBeGreaterThan(300);
  expect(observed.errors.size).toBe(0);
});

test("failures are in neither latency nor throughput", async () => {
  await using system = await start({ kind: "constant", delayMs: 5_000 });
  const observed = await driven(system, open(40, 1), { requestTimeoutMs: 200 });
  expect(observed.errors.get("DEADLINE")!.count).toBe(60);
  expect(observed).toMatchObject({ completed: 0, answered: 0 });
  expect(observed.latency.count).toBe(0);
});

test("a load that waits for a batch: offline counts from the start, for all", async () => {
  await using system = await start({ kind: "constant", delayMs: 50 });
  const load: Drive = {
    shape: "offline",
    count: 40,
    maxInFlight: 10,
    client: "lean",
    connections: 2,
  };
  const observed = await driven(system, load, { seconds: 30 });
  expect(observed).toMatchObject({ completed: 40, offered: 40, unsent: 0 });
  // Four waves of 50 ms.
  expect(observed.latency.max).toBeGreaterThanOrEqual(199_000);
  expect(observed.seconds).toBeGreaterThanOrEqual(0.199);
});

test("the latency of a group is that of its slowest", async () => {
  await using system = await start({ kind: "bimodal", delayMs: 1, slowMs: 60, slowEach: 4 });
  const observed = await driven(system, {
    shape: "multi-stream",
    samples: 4,
    client: "lean",
    connections: 2,
  });
  expect(observed.completed % 4).toBe(0);
  expect(observed.latency.quantile(0)).toBeGreaterThanOrEqual(59_000);
});

const now = async (): Promise<number> => performance.now();

test("a load client slowed by a busy loop is found out; its own spinning is no load", async () => {
  await using system = await start({ kind: "constant", delayMs: 2 });
  const encoded = await requestBytes(requests, (request) => framed(requestToBytes(request)));
  const task: OpenTask = {
    shape: "open",
    address: system.address,
    tls: null,
    client: "lean",
    connections: 2,
    requests: encoded,
    startAt: 0,
    stride: 1,
    requestTimeoutMs: 10_000,
    dueMs: evenly(400, 1),
    runUpMs: 0,
    seconds: 1,
    maxInFlight: 10_000,
  };
  // In this very thread, 40 ms of every 60 are taken from it.
  const thief = setInterval(() => {
    const untilMs = performance.now() + 40;
    while (performance.now() < untilMs);
  }, 60);
  const slowed = await driveOpenLoop(task, now).finally(() => clearInterval(thief));
  expect(slowed.client.lagP99Ms).toBeGreaterThan(5);
  expect(slowed.late).toBeGreaterThan(50);
  const latency = Histogram.decode(slowed.latency);
  const verdict = judgeStretch({
    completed: slowed.completed,
    errors: 0,
    endedEarly: null,
    overloaded: null,
    scored: slowed.completed,
    violations: 0,
    client: { ...slowed.client, floorP99Ms: null },
    latencyP99Ms: latency.quantile(0.99) / 1000,
    meanLatencyMs: latency.mean / 1000,
    throughputPerSecond: slowed.completed / slowed.seconds,
    inFlight: null,
    offeredPerSecond: 400,
    systemCpuShare: 0.1,
  });
  expect([verdict.verdict, verdict.bound]).toEqual(["invalid", "client"]);
  expect((await driveOpenLoop(task, now)).client.cpuShare).toBeLessThan(0.8);
});
