import { expect, test } from "vitest";
import { withHugePages } from "./huge-pages.ts";

test("a process is told to ask for huge pages, beside what it was told before", () => {
  expect(withHugePages({ A: "b" })).toEqual({
    A: "b",
    GLIBC_TUNABLES: "glibc.malloc.hugetlb=1",
  });
  expect(withHugePages({ GLIBC_TUNABLES: "glibc.malloc.check=3" })).toEqual({
    GLIBC_TUNABLES: "glibc.malloc.check=3:glibc.malloc.hugetlb=1",
  });
});

test("what was said of huge pages stays", () => {
  const env = { GLIBC_TUNABLES: "glibc.malloc.hugetlb=0" };
  expect(withHugePages(env)).toBe(env);
});
