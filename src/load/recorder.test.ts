import { expect, test } from "vitest";
import { HarnessError } from "../errors.ts";
import { Histogram } from "../math/histogram.ts";
import { Recorder, type Sent } from "./recorder.ts";

const bytes = Buffer.from("answer");
const gone = new HarnessError("UNAVAILABLE", "connection refused");

/** A request that is due when it is sent. */
const sent = (request: number, sentMs: number): Sent => ({ request, dueMs: sentMs, sentMs });
const answered = (seconds: number): Recorder => new Recorder({ seconds, counts: "answered" });

test("of a closed loop the window holds what completes inside it", () => {
  const recorder = answered(2);
  recorder.answer(sent(0, 0), 100, bytes);
  recorder.open(1000);
  recorder.answer(sent(2, 900), 1010, bytes);
  recorder.answer(sent(3, 1100), 2130, bytes);
  expect(recorder.isOver(2999)).toBe(false);
  expect(recorder.isOver(3000)).toBe(true);
  recorder.answer(sent(4, 2900), 3050, bytes);
  const observed = recorder.finish(7);
  expect(observed).toMatchObject({
    seconds: 2,
    completed: 2,
    answered: 4,
    offered: null,
    sendLatency: null,
    perSecond: { completed: [1, 1] },
    unfinished: { count: 1, longestMs: 150 },
    nextAt: 7,
    endedEarly: null,
  });
  expect([...observed.answers.requestOf]).toEqual([2, 3]);
  expect([...observed.answers.latencyMs]).toEqual([110, 1030]);
  const latency = Histogram.decode(observed.latency);
  expect(latency.count).toBe(2);
  expect(latency.quantile(0.5) / 1000).toBeCloseTo(110, 0);
});

test("of an open loop it holds what is due inside it, from the time it was due", () => {
  const recorder = new Recorder({ seconds: 1, counts: "due" });
  recorder.open(1000);
  const early = { request: 0, dueMs: 990, sentMs: 990 };
  const inTime = { request: 1, dueMs: 1100, sentMs: 1100.5 };
  const late = { request: 2, dueMs: 1900, sentMs: 1950 };
  for (const each of [early, inTime, late]) recorder.sent(each);
  recorder.answer(early, 1010, bytes);
  recorder.answer(inTime, 1200, bytes);
  recorder.isOver(2000);
  recorder.answer(late, 2900, bytes);
  recorder.giveUpOn(3);
  const observed = recorder.finish(0);
  // Both that came inside the window are throughput; both that were due in it have a latency.
  expect(observed).toMatchObject({ completed: 2, answered: 3, offered: 5, late: 1, unsent: 3 });
  expect(Histogram.decode(observed.latency).max / 1000).toBeCloseTo(1000, 0);
  expect(Histogram.decode(observed.sendLatency!).max / 1000).toBeCloseTo(950, 0);
  expect(observed.client.lagP99Ms).toBeCloseTo(50, 0);
  expect([...observed.answers.requestOf]).toEqual([1, 2]);
});

test("time spent looking at the clock is no load of the client", () => {
  const recorder = new Recorder({ seconds: 0.05, counts: "due" });
  recorder.open(performance.now());
  const untilMs = performance.now() + 55;
  let turnMs = performance.now();
  while (performance.now() < untilMs) {
    const nowMs = performance.now();
    recorder.spun(nowMs - turnMs);
    turnMs = nowMs;
  }
  expect(recorder.finish(0).client.cpuShare).toBeLessThan(0.5);
});

test("a second without an answer counts as none", () => {
  const recorder = answered(3);
  recorder.open(0);
  recorder.answer(sent(0, 0), 2500, bytes);
  expect(recorder.finish(0).perSecond.completed).toEqual([0, 0, 1]);
});

test("failures are counted by code over the whole drive, the first of a kind as the example", () => {
  const recorder = answered(1);
  recorder.failure(new HarnessError("OVERLOADED", "full"), 0);
  recorder.failure(new HarnessError("OVERLOADED", "fuller"), 1);
  recorder.failure(new TypeError("odd"), 2);
  expect(Object.fromEntries(recorder.finish(0).errors)).toEqual({
    OVERLOADED: { count: 2, example: "full" },
    INTERNAL: { count: 1, example: "odd" },
  });
});

test("a system that cannot be reached for a second is given up", () => {
  const recorder = answered(60);
  recorder.open(0);
  recorder.failure(gone, 100);
  expect(recorder.isOver(1000)).toBe(false);
  recorder.failure(gone, 1101);
  expect(recorder.isOver(1101)).toBe(true);
  const { endedEarly, seconds } = recorder.finish(0);
  expect(endedEarly).toContain("connection refused");
  expect(seconds).toBeCloseTo(1.101, 3);
});

test("an answer in between shows that it is there", () => {
  const recorder = answered(60);
  recorder.open(0);
  recorder.failure(gone, 100);
  recorder.answer(sent(0, 500), 600, bytes);
  recorder.failure(gone, 1101);
  expect(recorder.isOver(1101)).toBe(false);
});

test("a load that never got under way observed nothing", () => {
  expect(answered(1).finish(0)).toMatchObject({ seconds: 0, completed: 0, answered: 0 });
});
