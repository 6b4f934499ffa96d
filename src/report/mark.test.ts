import { describe, expect, it } from "vitest";
import { markOf } from "./mark.ts";

describe("the marks of systems", () => {
  it("are told apart by shape and by colour: four meshes, one in process, three challengers", () => {
    const marks = [
      ...[0, 1, 2, 3].map((place) => markOf("mesh", place)),
      markOf("in-process", 0),
      ...[0, 1, 2].map((place) => markOf("challenger", place)),
    ];
    for (const part of ["shape", "glyph", "color"] as const) {
      expect(new Set(marks.map((mark) => mark[part])).size).toBe(marks.length);
    }
  });

  it("repeat when all are taken", () => {
    expect(markOf("mesh", 4)).toEqual(markOf("mesh", 0));
    expect(markOf("challenger", 3)).toEqual(markOf("challenger", 0));
  });
});
