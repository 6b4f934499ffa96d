import { describe, expect, test } from "vitest";
import { alteredSample } from "../../result/sample-result.fixture.ts";
import type { Point } from "../../result/schema.ts";
import { digest } from "../digest.ts";
import { coursesOf, type Resource } from "./resource-courses.ts";
import { resourcesSection } from "./resources.ts";

const MEMORY: Resource = {
  id: "resident",
  label: "Memory",
  unit: "MiB",
  of: ({ rssBytes }) => rssBytes && rssBytes / 2 ** 20,
  course: "rssMebibytes",
};

const COURSE = { cores: [1, 1], rssMebibytes: [10, 20], gpus: null, watts: null };

function courses(change: Partial<Point>): ReturnType<typeof coursesOf> {
  const result = alteredSample("model", { rssBytes: 15 * 2 ** 20, ...change }, 2);
  const { systems } = digest(result, new Map());
  return coursesOf(
    systems.filter(({ name }) => name === "model"),
    MEMORY,
  );
}

describe("courses of a resource", () => {
  test("lie one round behind the other, each with its seconds, and the round as a whole between", () => {
    const { readings, rounds, borders } = courses({ course: { ...COURSE, atSeconds: [2, 4.5] } });
    expect(readings.map(({ at, value }) => [at, value])).toEqual([
      [2, 10],
      [4.5, 20],
      [6.5, 10],
      [9, 20],
    ]);
    expect(rounds.map(({ at, value, isValid }) => [at, value, isValid])).toEqual([
      [2.25, 15, true],
      [6.75, 15, true],
    ]);
    expect(borders).toEqual([{ at: 4.5 }]);
  });

  test("of an older result have the one value that there is of a round", () => {
    const { readings } = courses({ course: null });
    expect(readings.map(({ at, value }) => [at, value])).toEqual([
      [2, 15],
      [6, 15],
    ]);
  });

  test("are drawn of a single round, which has no course without them", () => {
    const one = (change: Partial<Point>): ReturnType<typeof resourcesSection> =>
      resourcesSection(digest(alteredSample("model", change, 1), new Map()));
    expect(String(one({})?.body)).toContain("about once a second");
    const without = alteredSample("model", { course: null }, 1);
    const points = without.points.map((point) => ({ ...point, course: null }));
    expect(resourcesSection(digest({ ...without, points }, new Map()))).toBeNull();
  });
});
