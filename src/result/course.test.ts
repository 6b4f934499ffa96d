import { expect, test } from "vitest";
import { toCourse } from "./course.ts";

const sample = { atSeconds: 1.00049, seconds: 1, cores: 0.98765, rssBytes: 3.3 * 2 ** 20 };

test("a course has a column a number, in few digits", () => {
  const samples = [
    { ...sample, gpus: null, watts: null },
    { ...sample, atSeconds: 2, gpus: 0.5, watts: null },
  ];
  expect(toCourse(samples)).toEqual({
    atSeconds: [1, 2],
    cores: [0.9877, 0.9877],
    rssMebibytes: [3.3, 3.3],
    gpus: [null, 0.5],
    watts: null,
  });
  expect(toCourse([])).toBeNull();
});
