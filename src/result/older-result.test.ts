import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readResult } from "./bundle.ts";
import { smallSample } from "./sample-result.fixture.ts";

/** Fields that came after the first results were written: each has a default. */
const YOUNGER = {
  result: [
    "gates",
    "client",
    "tuning",
    "frontier",
    "micro",
    "falseAlarms",
    "fingerprint",
    "resumptions",
    "settling",
  ],
  point: [
    "counters",
    "latencyIntervalsMs",
    "sendLatencyMs",
    "calibration",
    "capacity",
    "sitting",
    "filters",
  ],
  comparison: ["outliers"],
};

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "older-"))));
afterAll(() => rm(folder, { recursive: true }));

test("a result without the younger fields is read, with nothing made up for them", async () => {
  const result = smallSample();
  const row = {
    system: "model",
    load: "closed",
    basis: "machines",
    sheet: "example, 2026-11-22",
    dollarsPerHour: 0.05,
    dollarsPerMillion: 0.0278,
    requestsPerDollar: 36e6,
    efficiency: null,
  };
  const filters = result.dataset.filters.map((each) => without(each, ["name", "lift"]));
  const older = {
    ...without(result, YOUNGER.result),
    dataset: { ...result.dataset, filters },
    points: result.points.map((point) => without(point, YOUNGER.point)),
    comparisons: result.comparisons.map((each) => without(each, YOUNGER.comparison)),
    cost: [row],
  };
  const path = join(folder, "result.json");
  await writeFile(path, JSON.stringify(older));
  const read = await readResult(path);
  expect(read.points[0]).toMatchObject({ counters: {}, capacity: null });
  expect(read.cost[0]).toMatchObject({ plan: null, machines: null, breakEven: null });
  expect(read).toMatchObject({ gates: [], frontier: [], settling: null });
  expect(read.dataset.filters[0]).toMatchObject({ name: null, lift: null });
});

function without(value: object, fields: readonly string[]): object {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !fields.includes(name)));
}
