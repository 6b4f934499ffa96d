import { expect, test } from "vitest";
import { buffersOf, copied, type PackedAnswers, readAll } from "./answers.ts";
import { NO_ROW } from "./stages.ts";

/** Answers of four places each, with so many items: rows 10, 11, .., values 0.5, 1.5, .. */
function answersOf(counts: readonly number[]): PackedAnswers {
  const width = 4;
  const isThere = (at: number): boolean => at % width < counts[Math.floor(at / width)]!;
  const places = Array.from({ length: counts.length * width }, (_, at) => at);
  return {
    counts: Uint32Array.from(counts),
    width,
    rows: Uint32Array.from(places, (at) => (isThere(at) ? 10 + at : NO_ROW)),
    values: Float32Array.from(places, (at) => (isThere(at) ? at + 0.5 : -Infinity)),
    fresh: null,
  };
}

test("full answers are copied as they are", () => {
  const answers = answersOf([4, 2]);
  expect(copied(answers)).toEqual(answers);
  expect(copied(answers).rows).not.toBe(answers.rows);
});

test("of short answers no more places are copied than the longest fills", () => {
  expect(copied(answersOf([1, 0, 2]))).toEqual({
    counts: Uint32Array.of(1, 0, 2),
    width: 2,
    rows: Uint32Array.of(10, NO_ROW, NO_ROW, NO_ROW, 18, 19),
    values: Float32Array.of(0.5, -Infinity, -Infinity, -Infinity, 8.5, 9.5),
    fresh: null,
  });
});

test("fresh items among them are copied as far as any answer has some", () => {
  const { fresh: _, ...lists } = answersOf([2, 1]);
  const { fresh } = copied({ ...answersOf([4]), fresh: lists });
  expect(fresh).toEqual({
    counts: Uint32Array.of(2, 1),
    width: 2,
    rows: Uint32Array.of(10, 11, 14, NO_ROW),
    values: Float32Array.of(0.5, 1.5, 4.5, -Infinity),
  });
});

test("the memory of all that is copied is handed over", () => {
  const { fresh: _, ...lists } = answersOf([2, 1]);
  expect(buffersOf(answersOf([4]))).toHaveLength(3);
  expect(new Set(buffersOf(copied({ ...answersOf([4]), fresh: lists }))).size).toBe(6);
});

test("no answer has an item: none is copied", () => {
  expect(copied(answersOf([0, 0]))).toMatchObject({ width: 0, rows: new Uint32Array(0) });
});

test("reading all of the answers reads the last item of each, and nothing behind it", () => {
  expect(readAll(answersOf([1, 0, 2]))).toBeCloseTo(2 * (10 + 0.5) + (18 + 8.5) + (19 + 9.5));
});
