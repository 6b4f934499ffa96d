import { expect, test } from "vitest";
import { Histogram } from "../math/histogram.ts";
import { drive } from "./drive.ts";
import { type Measure, measureByOpenLoop, runSelftest, SELFTEST_CASES } from "./selftest.ts";

const signal = new AbortController().signal;
const stall = SELFTEST_CASES.find(({ script }) => script.kind === "stall")!;

test("the open loop sees the whole of a stall", async () => {
  const outcome = await runSelftest(stall, measureByOpenLoop("lean"), signal);
  // Never less than the truth, whatever the machine adds to it.
  const tail = outcome.checks.filter(({ share }) => share > 0.7);
  for (const { truthMs, measuredMs } of tail) expect(measuredMs).toBeGreaterThan(truthMs - 70);
  expect(outcome.counted).toBe(outcome.expected);
});

/** Wrong on purpose: one request at a time, so that nobody comes while the system stalls. */
const coordinatedOmission: Measure = async (system, { seconds }) => {
  const { latency } = await drive({
    system,
    load: { shape: "closed", inFlight: 1, client: "lean", connections: 2 },
    requests: [{ user: { kind: "id", id: 0 }, k: 1, filter: "", exclude: new Float64Array() }],
    startAt: 0,
    seconds,
    requestTimeoutMs: 10_000,
    signal,
  });
  return latency;
};

test("a recorder that leaves out who would have come meanwhile fails", async () => {
  const { passed, checks } = await runSelftest(stall, coordinatedOmission, signal);
  expect(passed).toBe(false);
  expect(checks.find(({ share }) => share === 0.95)).toMatchObject({ holds: false });
});

/** Wrong on purpose: what was measured comes a quarter too small. */
const shrunk: Measure = async (system, selftest) => {
  const { latency } = await drive({
    system,
    load: { shape: "closed", inFlight: 8, client: "lean", connections: 2 },
    requests: [{ user: { kind: "id", id: 0 }, k: 1, filter: "", exclude: new Float64Array() }],
    startAt: 0,
    seconds: selftest.seconds,
    requestTimeoutMs: 10_000,
    signal,
  });
  const histogram = Histogram.create();
  for (let i = 0; i < latency.count; i++) {
    histogram.record(0.75 * latency.quantile((i + 0.5) / latency.count));
  }
  return histogram;
};

test("a clock that runs slow fails", async () => {
  const constant = SELFTEST_CASES.find(({ script }) => script.kind === "constant")!;
  expect((await runSelftest(constant, shrunk, signal)).passed).toBe(false);
});
