import type { ResourceSample } from "../measure/resource-course.ts";
import type { Point } from "./schema.ts";

/** Digits that a reading of a second is good for. */
const DIGITS = 4;

/** Samples as a point holds them: a column a number, in as few digits as are worth having. */
export function toCourse(samples: readonly ResourceSample[]): Point["course"] {
  if (samples.length === 0) return null;
  const column = (of: (sample: ResourceSample) => number): number[] =>
    samples.map((sample) => short(of(sample)));
  const optional = (of: (sample: ResourceSample) => number | null): (number | null)[] | null => {
    const values = samples.map(of);
    if (values.every((value) => value === null)) return null;
    return values.map((value) => (value === null ? null : short(value)));
  };
  return {
    atSeconds: column(({ atSeconds }) => atSeconds),
    cores: column(({ cores }) => cores),
    rssMebibytes: column(({ rssBytes }) => rssBytes / 2 ** 20),
    gpus: optional(({ gpus }) => gpus),
    watts: optional(({ watts }) => watts),
  };
}

const short = (value: number): number => Number(value.toPrecision(DIGITS));
