import { median } from "../math/quantile.ts";
import { CALIBRATION_TOLERANCE } from "../measure/calibration.ts";
import type { Point } from "./schema.ts";

/**
 * Points and blocks with their calibration held against the run's median: where the machine was
 * more than 15% faster or slower than usual just before, it is flagged. It counts all the same.
 */
export function flagCalibrations(points: readonly Point[]): Point[] {
  const middle = median(points.flatMap(calibrationsOf));
  const isFar = (ms: number): boolean => Math.abs(ms / middle - 1) > CALIBRATION_TOLERANCE;
  return points.map((point) => {
    if (point.calibration === null) return point;
    const { ms } = point.calibration;
    const blocks = point.blocks.map((block) => ({ ...block, flagged: isFar(block.calibrationMs) }));
    const flagged = isFar(ms) || blocks.some((block) => block.flagged);
    return { ...point, blocks, calibration: { ms, deviation: ms / middle - 1, flagged } };
  });
}

function calibrationsOf({ calibration, blocks }: Point): number[] {
  if (blocks.length > 0) return blocks.map(({ calibrationMs }) => calibrationMs);
  return calibration === null ? [] : [calibration.ms];
}
