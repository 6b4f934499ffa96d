import { expect, test } from "vitest";
import { judgeStretch, type StretchFacts } from "./validity.ts";

const sound: StretchFacts = {
  completed: 10_000,
  errors: 0,
  endedEarly: null,
  scored: 10_000,
  violations: 0,
  overloaded: null,
  client: { cpuShare: 0.3, lagP99Ms: 0.2, gcShare: 0.01, waitShare: 0.001, floorP99Ms: null },
  latencyP99Ms: 20,
  inFlight: 16,
  meanLatencyMs: 8,
  throughputPerSecond: 2000,
  offeredPerSecond: null,
  systemCpuShare: 0.97,
};

test("a busy server, a calm client and right answers are valid and server-bound", () => {
  expect(judgeStretch(sound)).toEqual({ verdict: "valid", bound: "server", reasons: [] });
});

test("nothing answered is never valid", () => {
  const { verdict, reasons } = judgeStretch({ ...sound, completed: 0, scored: 0, inFlight: null });
  expect(verdict).toBe("invalid");
  expect(reasons).toEqual(["nothing was answered"]);
});

test("answers that nobody scored make the stretch invalid", () => {
  expect(judgeStretch({ ...sound, scored: 0 }).reasons).toEqual(["no answer was scored"]);
});

test("one violation makes the stretch invalid", () => {
  expect(judgeStretch({ ...sound, violations: 1 }).verdict).toBe("invalid");
});

test("one error in a thousand is borne, two are not", () => {
  expect(judgeStretch({ ...sound, completed: 9990, errors: 10 }).verdict).toBe("valid");
  expect(judgeStretch({ ...sound, completed: 9980, errors: 20 }).verdict).toBe("invalid");
});

test("a client with no core to spare measures itself", () => {
  const { verdict, bound } = judgeStretch({
    ...sound,
    client: { ...sound.client, cpuShare: 0.95 },
  });
  expect([verdict, bound]).toEqual(["invalid", "client"]);
});

test("fewer requests in the system than the loop should hold: under-driven, by Little's law", () => {
  expect(judgeStretch({ ...sound, meanLatencyMs: 4 }).bound).toBe("under-driven");
});

test("a system that leaves its CPUs idle is not called the limit", () => {
  expect(judgeStretch({ ...sound, systemCpuShare: 0.4 }).bound).toBe("unknown");
});

/** 400 requests a second that come at their own times. */
const open: StretchFacts = {
  ...sound,
  inFlight: null,
  offeredPerSecond: 400,
  throughputPerSecond: 398,
  systemCpuShare: 0.4,
};

const lagging = (lagP99Ms: number, latencyP99Ms: number): string =>
  judgeStretch({ ...open, latencyP99Ms, client: { ...sound.client, lagP99Ms } }).verdict;
const looping = (lagP99Ms: number): string =>
  judgeStretch({ ...sound, client: { ...sound.client, lagP99Ms } }).verdict;
const floored = (floorP99Ms: number): string =>
  judgeStretch({ ...open, client: { ...sound.client, floorP99Ms } }).bound;

test("an open loop that is kept up with by a system at ease is under-driven", () => {
  expect(judgeStretch(open)).toEqual({ verdict: "valid", bound: "under-driven", reasons: [] });
});

test("an open loop that is not kept up with is server-bound", () => {
  expect(judgeStretch({ ...open, throughputPerSecond: 300 }).bound).toBe("server");
  expect(judgeStretch({ ...open, systemCpuShare: 0.9 }).bound).toBe("server");
});

test("an overloaded system is the limit, and the stretch does not count", () => {
  const { verdict, bound, reasons } = judgeStretch({ ...open, overloaded: "1000 under way" });
  expect([verdict, bound]).toEqual(["invalid", "server"]);
  expect(reasons).toEqual(["the system was overloaded: 1000 under way"]);
});

test("a client may be 5 ms late, or a fifth of what it measures if that is more", () => {
  expect(lagging(4.9, 10)).toBe("valid");
  expect(lagging(5.1, 10)).toBe("invalid");
  expect(lagging(19, 100)).toBe("valid");
  expect(lagging(21, 100)).toBe("invalid");
});

test("a loop, which sends on answers, may be 20 ms late, or half of what it measures", () => {
  expect(looping(19)).toBe("valid");
  expect(looping(21)).toBe("invalid");
});

test("a loop that others held up by taking its CPU stands; an open loop does not", () => {
  const client = { ...sound.client, lagP99Ms: 30, waitShare: 0.1 };
  expect(judgeStretch({ ...sound, client }).verdict).toBe("valid");
  expect(judgeStretch({ ...open, client }).verdict).toBe("invalid");
});

test("a latency that is mostly the client's own is client-bound", () => {
  expect(floored(9)).toBe("under-driven");
  expect(floored(11)).toBe("client");
});

test("a client that stands still for garbage collection measures itself", () => {
  const client = { ...sound.client, gcShare: 0.25 };
  expect(judgeStretch({ ...sound, client }).bound).toBe("client");
});
