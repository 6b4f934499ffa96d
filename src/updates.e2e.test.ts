import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { builtFile } from "./process/built-file.ts";
import { type Result, resultSchema } from "./result/schema.ts";

const SCENARIO = `
schema: silverbench.scenario/1
name: updates-e2e
dataset: { kind: synthetic, items: 2000, dim: 16, users: 100 }
requests:
  distinct: 100
  k: 20
  filters: [{ template: "" }, { template: "lang:{lang}" }]
updates: { perSecond: 200, everyMs: 100, systems: [mesh, behind, model] }
systems:
  mesh: { kind: mesh, settings: { transport: in-process } }
  still: { kind: mesh, settings: { transport: in-process } }
  behind: { kind: mesh, settings: { transport: in-process, heldBack: { index: 3600 } } }
  model: { kind: index-as-model }
loads: { closed: { shape: closed, inFlight: 2, seconds: 2 } }
rounds: 1
warmUpSeconds: 1
`;

let folder: string;
let result: Result;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "silverbench-updates-"));
  const file = join(folder, "updates.yaml");
  await writeFile(file, SCENARIO);
  const out = join(folder, "out");
  const main = builtFile(import.meta.url, "./cli/main.js");
  const env = { ...process.env, SILVERBENCH_CACHE: join(folder, "cache") };
  // What lags returns what it must not, so the run says that some of it is invalid.
  await promisify(execFile)(process.execPath, [main, "run", file, "--out", out], { env }).catch(
    () => {},
  );
  result = resultSchema.parse(JSON.parse(await readFile(join(out, "result.json"), "utf8")));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const pointOf = (system: string): Result["points"][number] =>
  result.points.find((point) => point.system === system)!;

test("updates reach a system under load; its answers are right by the catalogue that they make", () => {
  expect(result).toMatchObject({ complete: true });
  for (const system of ["mesh", "model"]) {
    const { recall, violations, short, updates } = pointOf(system);
    expect({ system, recall, violations, short }).toEqual({
      system,
      recall: expect.closeTo(1, 1),
      violations: 0,
      short: 0,
    });
    expect(updates!.taken).toBeGreaterThan(50);
    expect(updates!.seen).toBeGreaterThan(0);
    expect(updates!.visibleMs.p50).toBeGreaterThan(0);
    expect(updates!.scored).toBe(64);
  }
});

test("a system that gets none is measured as ever, beside them", () => {
  expect(pointOf("still")).toMatchObject({ updates: null, violations: 0 });
});

test("a service that is held back shows in the recall, and in the versions of the services", () => {
  const { updates, recall } = pointOf("behind");
  expect(recall).toBeLessThan(0.97);
  expect(updates!.seen).toBe(0);
  expect(updates!.versions["index"]).toBe(0);
  expect(updates!.versions["filter"]).toBe(updates!.versions["newest"]);
});

test("the result says what is not scored", () => {
  const said = result.doubts.find(({ code }) => code === "changing-catalogue");
  expect(said!.text).toContain("mesh, behind, model");
});
