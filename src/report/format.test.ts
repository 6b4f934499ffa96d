import { describe, expect, it } from "vitest";
import {
  formatBytes,
  formatDollars,
  formatMs,
  formatNumber,
  formatPercent,
  formatSeconds,
  formatShare,
  formatTimes,
} from "./format.ts";

describe("numbers in the report", () => {
  it.each([
    [0, "0"],
    [1234.5, "1,235"],
    [100, "100"],
    [99.96, "100"],
    [22.44, "22.4"],
    [9.999, "10.0"],
    [3.2149, "3.21"],
    [0.34, "0.340"],
    [0.000123, "0.000123"],
    [4e-8, "4.0e-8"],
    [-3.2149, "-3.21"],
    [null, "–"],
    [NaN, "–"],
  ])("%f reads %s", (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });

  it("have units, and none where they are missing", () => {
    expect([formatMs(7.49), formatMs(null), formatTimes(3.2), formatTimes(null)]).toEqual([
      "7.49 ms",
      "–",
      "3.20×",
      "–",
    ]);
  });

  it("never round a recall up to one or to its target", () => {
    expect([0, 0.9499, 0.981, 0.99996, 1].map(formatShare)).toEqual([
      "0",
      "0.949",
      "0.981",
      "0.9999",
      "1",
    ]);
  });

  it.each([
    [0.118, "11.8%"],
    [0.00042, "0.042%"],
    [1, "100%"],
    [0, "0%"],
  ])("as a share, %f reads %s", (value, text) => {
    expect(formatPercent(value)).toBe(text);
  });

  it.each([
    [0.0278, "$0.0278"],
    [0.003, "$0.003"],
    [0.5, "$0.500"],
    [1, "$1.00"],
    [32.7726, "$32.77"],
    [1234, "$1,234"],
  ])("as dollars, %f reads %s", (value, text) => {
    expect(formatDollars(value)).toBe(text);
  });

  it("as sizes and times read as a person would write them", () => {
    expect([0, 999, 1000, 410_000_000, 25_769_803_776].map(formatBytes)).toEqual([
      "0 B",
      "999 B",
      "0.977 KiB",
      "391 MiB",
      "24.0 GiB",
    ]);
    expect([4, 97, 3599.7, 7500].map(formatSeconds)).toEqual([
      "4.00 s",
      "1 min 37 s",
      "1 h 0 min",
      "2 h 5 min",
    ]);
  });
});
