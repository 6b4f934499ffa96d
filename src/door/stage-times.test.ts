import { expect, test } from "vitest";
import { Histogram } from "../math/histogram.ts";
import { StageTimes } from "./stage-times.ts";

test("times go in as milliseconds and come out as microseconds", () => {
  const times = new StageTimes();
  times.record("search", 1.5);
  const decoded = Histogram.decode(times.encode().get("search")!);
  expect(decoded.quantile(0.5)).toBe(1500);
});

test("a stage that fails is counted too, and fails", async () => {
  const times = new StageTimes();
  const failure = times.time("search", () => Promise.reject(new Error("no index")));
  await expect(failure).rejects.toThrow("no index");
  expect(times.of("search").count).toBe(1);
});
