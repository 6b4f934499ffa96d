import { expect, test } from "vitest";
import { HarnessError } from "../errors.ts";
import { Histogram } from "../math/histogram.ts";
import { Recorder } from "./recorder.ts";

const bytes = Buffer.from("answer");
const gone = new HarnessError("UNAVAILABLE", "connection refused");

test("the window opens with the last lane's first outcome and holds what completes inside it", () => {
  const recorder = new Recorder(2, 2);
  recorder.answer(0, 0, 100, bytes);
  recorder.laneStarted(100);
  recorder.answer(1, 0, 1000, bytes);
  recorder.laneStarted(1000);
  recorder.answer(2, 900, 1010, bytes);
  recorder.answer(3, 1100, 2130, bytes);
  expect(recorder.isOver(2999)).toBe(false);
  expect(recorder.isOver(3000)).toBe(true);
  recorder.answer(4, 2900, 3050, bytes);
  const observed = recorder.finish(7);
  expect(observed).toMatchObject({
    seconds: 2,
    completed: 2,
    answered: 5,
    perSecond: { completed: [1, 1] },
    unfinished: { count: 1, longestMs: 150 },
    nextAt: 7,
    endedEarly: null,
  });
  expect([...observed.answers.requestOf]).toEqual([2, 3]);
  const latency = Histogram.decode(observed.latency);
  expect(latency.count).toBe(2);
  expect(latency.quantile(0.5) / 1000).toBeCloseTo(110, 0);
});

test("a second without an answer counts as none", () => {
  const recorder = new Recorder(3, 1);
  recorder.laneStarted(0);
  recorder.answer(0, 0, 2500, bytes);
  expect(recorder.finish(0).perSecond.completed).toEqual([0, 0, 1]);
});

test("failures are counted by code over the whole drive, the first of a kind as the example", () => {
  const recorder = new Recorder(1, 1);
  recorder.failure(new HarnessError("OVERLOADED", "full"), 0);
  recorder.failure(new HarnessError("OVERLOADED", "fuller"), 1);
  recorder.failure(new TypeError("odd"), 2);
  expect(Object.fromEntries(recorder.finish(0).errors)).toEqual({
    OVERLOADED: { count: 2, example: "full" },
    INTERNAL: { count: 1, example: "odd" },
  });
});

test("a system that cannot be reached for a second is given up", () => {
  const recorder = new Recorder(60, 1);
  recorder.laneStarted(0);
  recorder.failure(gone, 100);
  expect(recorder.isOver(1000)).toBe(false);
  recorder.failure(gone, 1101);
  expect(recorder.isOver(1101)).toBe(true);
  const { endedEarly, seconds } = recorder.finish(0);
  expect(endedEarly).toContain("connection refused");
  expect(seconds).toBeCloseTo(1.101, 3);
});

test("an answer in between shows that it is there", () => {
  const recorder = new Recorder(60, 1);
  recorder.laneStarted(0);
  recorder.failure(gone, 100);
  recorder.answer(0, 500, 600, bytes);
  recorder.failure(gone, 1101);
  expect(recorder.isOver(1101)).toBe(false);
});

test("a load that never got under way observed nothing", () => {
  expect(new Recorder(1, 1).finish(0)).toMatchObject({ seconds: 0, completed: 0, answered: 0 });
});
