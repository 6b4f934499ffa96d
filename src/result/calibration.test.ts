import { expect, test } from "vitest";
import { flagCalibrations } from "./calibration.ts";
import { sampleResult } from "./sample-result.fixture.ts";
import type { Point } from "./schema.ts";

const { points } = sampleResult({ samplesPerPoint: 50, rounds: 2 }).result;
const calibrated = (ms: readonly number[]): Point[] =>
  ms.map((each, i) => ({
    ...points[i]!,
    calibration: { ms: each, deviation: null, flagged: false },
  }));

test("more than 15% from the median either way is flagged, and stays", () => {
  const flagged = flagCalibrations(calibrated([10, 10, 11.4, 11.6, 8.4, 10]));
  expect(flagged.map(({ calibration }) => calibration!.flagged)).toEqual([
    false,
    false,
    false,
    true,
    true,
    false,
  ]);
  expect(flagged[3]!.calibration!.deviation).toBeCloseTo(0.16, 9);
});

test("points of an older result, without a calibration, stay as they are", () => {
  expect(flagCalibrations(points)).toEqual(points);
});
