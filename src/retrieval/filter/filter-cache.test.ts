import { describe, expect, it } from "vitest";
import { FilterCache } from "./filter-cache.ts";

describe("FilterCache", () => {
  it("builds a text once and forgets the one unused for longest", () => {
    const built: string[] = [];
    const cache = new FilterCache(2, (text) => {
      built.push(text);
      return text.length;
    });
    for (const text of ["a", "bb", "a", "ccc", "a", "bb"])
      expect(cache.get(text)).toBe(text.length);
    expect(built).toEqual(["a", "bb", "ccc", "bb"]);
    expect(cache.size).toBe(2);
  });

  it("remembers that a text is worth undefined", () => {
    let calls = 0;
    const cache = new FilterCache(1, () => void calls++);
    cache.get("");
    cache.get("");
    expect(calls).toBe(1);
  });

  it("does not remember a failure", () => {
    let calls = 0;
    const cache = new FilterCache(1, () => {
      if (calls++ === 0) throw new Error("no");
      return "yes";
    });
    expect(() => cache.get("a")).toThrow("no");
    expect(cache.get("a")).toBe("yes");
  });
});
