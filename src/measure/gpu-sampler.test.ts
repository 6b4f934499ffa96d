import { expect, test } from "vitest";
import { lookAt, parseReading, summarise } from "./gpu-sampler.ts";

test("a line of nvidia-smi is a reading", () => {
  expect(parseReading("0, 43, 1024, 250.50", 7)).toEqual({
    index: 0,
    atMs: 7,
    busyShare: 0.43,
    memoryBytes: 2 ** 30,
    watts: 250.5,
  });
});

test("power that a GPU does not tell is null; a line that is none is no reading", () => {
  expect(parseReading("1, 0, 5, [N/A]", 0)).toMatchObject({ index: 1, watts: null });
  expect(parseReading("Failed to initialize NVML", 0)).toBeNull();
});

test("busy time is the share times the time since the reading before, over all GPUs", () => {
  const readings = ["0, 0, 10, 100", "1, 0, 20, 50", "0, 50, 30, 200", "1, 100, 20, 70"].map(
    (line, i) => parseReading(line, i < 2 ? 0 : 2000)!,
  );
  expect(summarise(readings)).toEqual({
    busySeconds: 0.5 * 2 + 1 * 2,
    memoryBytes: (30 + 20) * 2 ** 20,
    watts: 150 + 60,
  });
});

test("no reading is no usage", () => {
  expect(summarise([])).toBeNull();
});

test("a look is each GPU's mean, and the sum over them", () => {
  const lines = ["0, 40, 10, 100", "1, 100, 20, 50", "0, 60, 30, 200", "1, 100, 20, 70"];
  const look = lookAt(lines.map((line) => parseReading(line, 0)!))!;
  expect(look.busyShare).toBeCloseTo(1.5, 12);
  expect(look.watts).toBe(150 + 60);
  expect(lookAt([parseReading("0, 40, 10, [N/A]", 0)!])).toEqual({ busyShare: 0.4, watts: null });
  expect(lookAt([])).toBeNull();
});
