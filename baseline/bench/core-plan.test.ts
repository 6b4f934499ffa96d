import { expect, test } from "vitest";
import { planOf } from "./core-plan.ts";

test("with cores for each, nobody shares one", () => {
  const { cpusOf, indexAlone } = planOf(2, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12]);
  expect(cpusOf("client")).toEqual([0, 1]);
  expect(cpusOf("gateway")).toEqual([2, 3]);
  expect(cpusOf("index")).toEqual([8, 9]);
  expect(indexAlone).toEqual({ index: [8, 9], client: [0, 1] });
});

test("without, the index service alone has the last CPU, and the mesh is not pinned", () => {
  const { cpusOf, indexAlone } = planOf(null, [0, 1]);
  expect(cpusOf("index")).toBeNull();
  expect(indexAlone).toEqual({ index: [1], client: [0] });
});

test("a single CPU is shared by all", () => {
  expect(planOf(null, [3]).indexAlone).toEqual({ index: null, client: null });
});

test("too few cores are an error that says how many it takes", () => {
  expect(() => planOf(2, [0, 1, 2, 3])).toThrow("are 10; there are 4");
});
