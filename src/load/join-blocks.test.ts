import { expect, test } from "vitest";
import { Histogram } from "../math/histogram.ts";
import type { Answer } from "../retrieval/request.ts";
import { joinBlocks } from "./join-blocks.ts";
import { mergeObservations } from "./merge-observations.ts";
import type { Observations, RawObservations } from "./observations.ts";
import { Recorder } from "./recorder.ts";

const decode = (bytes: Buffer): Answer => ({
  ids: Float64Array.of(bytes[0]!),
  values: Float32Array.of(0),
  partial: false,
});

/** A closed second in which each of the latencies was answered; byte 0 of an answer is its own. */
function second(latenciesMs: readonly number[], firstRequest: number): RawObservations {
  const recorder = new Recorder({ seconds: 1, counts: "answered" });
  recorder.open(0);
  for (const [i, ms] of latenciesMs.entries()) {
    const request = firstRequest + i;
    const sent = { request, dueMs: 500, sentMs: 500 };
    recorder.answer(sent, 500 + ms, Buffer.from([request]));
  }
  recorder.failure(new Error("odd"), 600);
  recorder.isOver(1000);
  return recorder.finish(9);
}

const summary = (observed: Observations): object => ({
  seconds: observed.seconds,
  completed: observed.completed,
  errors: observed.errors.get("INTERNAL")!.count,
  max: Math.round(observed.latency.max / 1000),
  asked: [...observed.answers.requestOf],
  ids: [...observed.answers.requestOf].map((_, i) => observed.answers.answer(i).ids[0]),
  took: [...observed.answers.latencyMs],
  perSecond: observed.perSecond.completed,
});

test("threads are side by side: one window, counts added", () => {
  const merged = mergeObservations([second([10, 20], 1), second([300], 5)], decode);
  expect(summary(merged)).toEqual({
    seconds: 1,
    completed: 3,
    errors: 2,
    max: 300,
    asked: [1, 2, 5],
    ids: [1, 2, 5],
    took: [10, 20, 300],
    perSecond: [3],
  });
  expect(merged.threads).toBe(2);
});

test("blocks are one after the other: windows and counts added", () => {
  const blocks = [[second([10, 20], 1)], [second([300], 5)]].map((raw) =>
    mergeObservations(raw, decode),
  );
  const joined = joinBlocks(blocks);
  expect(summary(joined)).toEqual({
    seconds: 2,
    completed: 3,
    errors: 2,
    max: 300,
    asked: [1, 2, 5],
    ids: [1, 2, 5],
    took: [10, 20, 300],
    perSecond: [2, 1],
  });
  expect(joined.threads).toBe(1);
  expect(joined.latency.count).toBe(3);
});

test("percentiles come of merged histograms, whichever way", () => {
  const parts = Array.from({ length: 10 }, (_, i) =>
    second(
      Array.from({ length: 20 }, (__, j) => i * 20 + j),
      0,
    ),
  );
  const merged = mergeObservations(parts, decode);
  const whole = Histogram.create();
  for (let ms = 0; ms < 200; ms++) whole.recordMs(ms);
  expect(merged.latency.quantile(0.95)).toBe(whole.quantile(0.95));
  expect(joinBlocks(parts.map((part) => mergeObservations([part], decode))).latency.encode()).toBe(
    merged.latency.encode(),
  );
});
