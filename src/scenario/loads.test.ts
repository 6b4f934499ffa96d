import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { headlineLoad } from "./headline-load.ts";
import { type LoadedScenario, loadScenario } from "./load-scenario.ts";
import { plannedLoads } from "./planned-loads.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "silverbench-loads-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function load(loads: string, rest = ""): Promise<LoadedScenario> {
  const path = join(folder, "loads.yaml");
  const text = `schema: silverbench.scenario/1
name: loads
dataset: { kind: synthetic, items: 1000, dim: 8 }
systems: { nothing: { kind: "null" } }
loads:
${loads}
${rest}
`;
  await writeFile(path, text);
  return await loadScenario(path);
}

test("every shape has its defaults", async () => {
  const { scenario } = await load(`  a: { shape: server, ratePerSecond: 100 }
  b: { shape: single-stream }
  c: { shape: multi-stream }
  d: { shape: offline }
  e: { shape: replay, trace: t.jsonl }
  f: { shape: capacity }
  g: { shape: micro }`);
  expect(scenario.loads["a"]).toMatchObject({ arrivals: "poisson", client: "lean", seconds: 10 });
  expect(scenario.loads["c"]).toMatchObject({ samples: 8 });
  expect(scenario.loads["e"]).toMatchObject({ speed: 1 });
  expect(scenario.loads["f"]).toMatchObject({ precision: 0.05 });
});

test("of a list of rates each is a load of its own; micro is none", async () => {
  const { scenario } = await load(`  grid: { shape: server, ratePerSecond: [100, 200] }
  ramp: { shape: server, ratePerSecond: { ramp: { from: 10, to: 50 } } }
  parts: { shape: micro }`);
  const planned = plannedLoads(scenario).map(({ label, ratePerSecond }) => [label, ratePerSecond]);
  expect(planned).toEqual([
    ["grid@100", 100],
    ["grid@200", 200],
    ["ramp", null],
  ]);
});

test("the headline is the load that is named, else a capacity, else the first but micro", async () => {
  const loads = "  parts: { shape: micro }\n  loop: { shape: closed }";
  expect(headlineLoad((await load(loads)).scenario)).toBe("loop");
  const searched = `${loads}\n  max: { shape: capacity }`;
  expect(headlineLoad((await load(searched)).scenario)).toBe("max");
  expect(headlineLoad((await load(searched, "headline: { load: loop }")).scenario)).toBe("loop");
});

test("mistakes are named with their place", async () => {
  await expect(load("  parts: { shape: micro }", "headline: { load: parts }")).rejects.toThrow(
    "is a micro load, which enters no comparison",
  );
  const burst = "{ burst: { base: 1, peak: 5, everySeconds: 1, forSeconds: 2 } }";
  await expect(load(`  b: { shape: server, ratePerSecond: ${burst} }`)).rejects.toThrow(
    "must be less than everySeconds = 1, came 2",
  );
  await expect(load("  s: { shape: server }")).rejects.toThrow("loads.yaml:6");
  await expect(load("  s: { shape: server, ratePerSecond: -1 }")).rejects.toThrow("ratePerSecond");
  await expect(load("  s: { shape: serve, ratePerSecond: 1 }")).rejects.toThrow("server");
});
