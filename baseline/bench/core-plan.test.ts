import { expect, test } from "vitest";
import { planOf } from "./core-plan.ts";

const single = (...cpus: number[]): number[][] => cpus.map((cpu) => [cpu]);

test("with cores for each, nobody shares one", () => {
  const { cpusOf, indexAlone } = planOf(2, single(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12));
  expect(cpusOf("client")).toEqual([0, 1]);
  expect(cpusOf("gateway")).toEqual([2, 3]);
  expect(cpusOf("index")).toEqual([8, 9]);
  expect(indexAlone).toEqual({ index: [8, 9], client: [0, 1] });
});

test("without, the index service alone has the last CPU, and the mesh is not pinned", () => {
  const { cpusOf, indexAlone } = planOf(null, single(0, 1));
  expect(cpusOf("index")).toBeNull();
  expect(indexAlone).toEqual({ index: [1], client: [0] });
});

test("a single CPU is shared by all", () => {
  expect(planOf(null, single(3)).indexAlone).toEqual({ index: null, client: null });
});

test("too few cores are an error that says how many it takes", () => {
  expect(() => planOf(2, single(0, 1, 2, 3))).toThrow("are 10; there are 4");
});

test("nobody shares a core with another, where there are enough", () => {
  const eight = Array.from({ length: 8 }, (_, core) => [core, core + 8]);
  const one = planOf(1, eight);
  expect(one.indexAlone).toEqual({ index: [4], client: [0] });
  const two = planOf(2, eight);
  expect(two.cpusOf("client")).toEqual([0, 8]);
  expect(two.cpusOf("index")).toEqual([4, 12]);
  expect(planOf(null, eight).indexAlone).toEqual({
    index: [15],
    client: eight.slice(0, -1).flat(),
  });
});
