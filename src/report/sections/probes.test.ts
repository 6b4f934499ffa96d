import { expect, it } from "vitest";
import { digest } from "../digest.ts";
import { richSample } from "../rich-result.fixture.ts";
import { operateSection } from "./operate.ts";
import { probesOf, probesText } from "./probes.ts";
import { settingsSection } from "./settings.ts";

const { result } = await richSample({ rounds: 3, samplesPerPoint: 50 });
const counted = (counters: Record<string, number>): typeof result => ({
  ...result,
  points: result.points.map((point) => (point.system === "model" ? { ...point, counters } : point)),
});
/** In each round six of ten requests looked into 24 clusters, the others into more. */
const told = counted({ "model.probed.24": 60, "model.probed.96": 30, "model.probed.384": 10 });

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

it("the report says how many there were beside how many were set, and only there", () => {
  const all = digest(told, new Map());
  const row = String(settingsSection(all).body);
  expect(row).toContain("clusters that a request looked into");
  expect(row).toContain("24 in the median, 384 at most; nprobe is ");
  expect(String(operateSection(all).body)).not.toContain("model.probed");
  const silent = String(settingsSection(digest(counted({}), new Map())).body);
  expect(silent).not.toContain("clusters that a request looked into");
});

it("where it was swept, what the variant had is what was set", () => {
  const { standing } = digest(told, new Map()).systems.find(({ name }) => name === "model")!;
  const swept = { standing: { ...standing, variant: "nprobeMost=auto,nprobe=24" } };
  expect(probesText(swept, { nprobe: "all" })).toBe("24 in the median, 384 at most; nprobe is 24");
});
