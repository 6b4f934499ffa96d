import { expect, test } from "vitest";
import { parseCpuList } from "./cpu-affinity.ts";

test("a CPU list as the kernel writes it", () => {
  expect(parseCpuList("0-2,5,7-8")).toEqual([0, 1, 2, 5, 7, 8]);
  expect(parseCpuList("3")).toEqual([3]);
});
