import { expect, test } from "vitest";
import { judgeStretch, type StretchFacts } from "./validity.ts";

const sound: StretchFacts = {
  completed: 10_000,
  errors: 0,
  endedEarly: null,
  scored: 10_000,
  violations: 0,
  client: { cpuShare: 0.3, lagP99Ms: 0.2, gcShare: 0.01 },
  latencyP99Ms: 20,
  inFlight: 16,
  meanLatencyMs: 8,
  throughputPerSecond: 2000,
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
