import { describe, expect, it } from "vitest";
import { ItemCache } from "./item-cache.ts";

const WIDTHS = [2, 1];

/** The record of a row, alone. */
const record = (row: number): Float32Array[] => [
  Float32Array.of(row, row + 0.5),
  Float32Array.of(-row),
];
const blank = (places: number): Float32Array[] =>
  WIDTHS.map((width) => new Float32Array(places * width));

describe("ItemCache", () => {
  it("gives back what was kept, at the place asked for", () => {
    const cache = new ItemCache(100, WIDTHS);
    cache.write(7, record(7), 0);
    const into = blank(3);
    expect(cache.read(7, into, 2)).toBe(true);
    expect(into).toEqual([Float32Array.of(0, 0, 0, 0, 7, 7.5), Float32Array.of(0, 0, -7)]);
    expect(cache.read(8, into, 0)).toBe(false);
    expect(cache).toMatchObject({ hits: 1, misses: 1 });
  });

  it("lets go of the record used longest ago", () => {
    const cache = new ItemCache(8, WIDTHS);
    for (let row = 0; row < 8; row++) cache.write(row, record(row), 0);
    cache.read(0, blank(1), 0);
    cache.write(8, record(8), 0);
    const held = Array.from({ length: 9 }, (_, row) => cache.read(row, blank(1), 0));
    expect(held).toEqual([true, false, true, true, true, true, true, true, true]);
  });

  it("holds all rows of a catalogue that is no larger than it", () => {
    const cache = new ItemCache(50, WIDTHS);
    for (let row = 0; row < 50; row++) cache.write(row, record(row), 0);
    const into = blank(1);
    for (let row = 0; row < 50; row++) {
      expect(cache.read(row, into, 0)).toBe(true);
      expect(into).toEqual(record(row));
    }
  });

  it("keeps a row once, as it was last written", () => {
    const cache = new ItemCache(8, WIDTHS);
    cache.write(3, record(3), 0);
    cache.write(3, record(4), 0);
    const into = blank(1);
    cache.read(3, into, 0);
    expect(into).toEqual(record(4));
  });

  it("of no capacity holds nothing", () => {
    const cache = new ItemCache(0, WIDTHS);
    cache.write(0, record(0), 0);
    expect(cache.read(0, blank(1), 0)).toBe(false);
  });
});
