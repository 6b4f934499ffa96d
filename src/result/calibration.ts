import { median } from "../math/quantile.ts";
import { CALIBRATION_TOLERANCE } from "../measure/calibration.ts";
import type { Point } from "./schema.ts";

/**
 * Points with their calibration held against the run's median: where the machine was more than 15%
 * faster or slower than usual just before, the point is flagged. It counts all the same.
 */
export function flagCalibrations(points: readonly Point[]): Point[] {
  const middle = median(
    points.flatMap(({ calibration }) => (calibration === null ? [] : [calibration.ms])),
  );
  return points.map((point) => {
    if (point.calibration === null) return point;
    const { ms } = point.calibration;
    const deviation = ms / middle - 1;
    const flagged = Math.abs(deviation) > CALIBRATION_TOLERANCE;
    return { ...point, calibration: { ms, deviation, flagged } };
  });
}
