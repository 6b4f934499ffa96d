import { expect, it } from "vitest";
import { digest } from "../digest.ts";
import { richSample } from "../rich-result.fixture.ts";
import { operateSection } from "./operate.ts";
import { probesOf } from "./probes.ts";
import { settingsSection } from "./settings.ts";

const { result } = await richSample({ rounds: 3, samplesPerPoint: 50 });
const { model } = result.systems;
const counted = (counters: Record<string, number>): typeof result => ({
  ...result,
  systems: {
    ...result.systems,
    model: { ...model!, settings: { ...model!.settings, nprobe: 24 } },
  },
  points: result.points.map((point) => (point.system === "model" ? { ...point, counters } : point)),
});

it("of all requests together half looked into no more than the median, one into the most", () => {
  expect(probesOf([{ counters: { "model.probed.8": 5, "model.probed.32": 4 } }])).toEqual({
    median: 8,
    most: 32,
  });
  const rounds = [{ "model.probed.8": 5 }, { "model.probed.16": 2, "model.probed.64": 4 }];
  expect(probesOf(rounds.map((counters) => ({ counters })))).toEqual({ median: 16, most: 64 });
  // A round without such requests says so with a 0.
  expect(probesOf([{ counters: { "model.probed.8": 5, "model.probed.32": 0 } }])?.most).toBe(8);
  expect(probesOf([{ counters: { "index.searches": 3 } }])).toBeNull();
});

it("the report says below what was set how many there were, and only where that was counted", () => {
  const rowsOf = (counters: Record<string, number>): string[] =>
    String(settingsSection(digest(counted(counters), new Map())).body)
      .split("<tr>")
      .map((row) =>
        row
          .replaceAll(/<[^>]*>/g, " ")
          .replaceAll(/\s+/g, " ")
          .trim(),
      );
  const rows = rowsOf({ "model.probed.24": 60, "model.probed.96": 30, "model.probed.384": 10 });
  const at = rows.findIndex((row) => row.startsWith("nprobe "));
  expect(rows.slice(at, at + 3)).toEqual([
    "nprobe – – 24 – –",
    "clusters looked into, median – – 24 – –",
    "clusters looked into, most – – 384 – –",
  ]);
  expect(rowsOf({}).filter((row) => row.startsWith("clusters looked into"))).toEqual([]);
});

it("what is told with the settings is not told again as a counter", () => {
  const all = digest(counted({ "model.probed.24": 60, "model.lists": 3 }), new Map());
  const body = String(operateSection(all).body);
  expect(body).toContain("model.lists");
  expect(body).not.toContain("model.probed");
});
