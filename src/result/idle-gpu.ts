import type { Result } from "./schema.ts";

/**
 * The same points, without what a GPU that stood idle drew beside a system that does not use it:
 * readings are of the whole machine, and a system on the CPU must not be charged for the machine's
 * GPU, nor for what another system keeps in its memory meanwhile.
 */
export function withoutIdleGpu<R extends Pick<Result, "systems" | "points">>(result: R): R {
  const points = result.points.map((point) => {
    const isElsewhere = result.systems[point.system]?.device === "cpu";
    if (!isElsewhere || point.gpu?.busySeconds !== 0) return point;
    const course = point.course && { ...point.course, gpus: null, watts: null };
    return { ...point, gpu: null, course };
  });
  return { ...result, points };
}
