import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { builtFile } from "../process/built-file.ts";
import { readBundle } from "../result/bundle.ts";
import type { Point, Result } from "../result/schema.ts";

const MAIN = builtFile(import.meta.url, "../cli/main.js");

const SCENARIO = `
schema: silverbench.scenario/1
name: harmed
dataset: { kind: synthetic, items: 2000, dim: 8, users: 200 }
requests: { distinct: 200, k: 10, filters: [{ template: "lang:{lang}" }] }
systems:
  mesh: { kind: mesh }
  lenient: { kind: mesh, settings: { partial: allow, index: { shards: 2 } } }
  model: { kind: index-as-model }
loads: { closed: { shape: closed, inFlight: 4, seconds: 5, connections: 2 } }
rounds: 1
warmUpSeconds: 1
prices: prices.yaml
faults:
  - { at: 0.3, system: mesh, service: index, kind: kill, seconds: 0.2 }
  - { at: 3, system: mesh, service: filter, kind: hang, seconds: 0.5 }
  - { at: 4, system: mesh, service: feature, kind: slow, seconds: 0.5, delayMs: 60 }
  - { at: 0.3, system: lenient, service: index, kind: kill, seconds: 0.2 }
  - { at: 0.3, system: model, service: model, kind: kill, seconds: 0.2 }
`;

const PRICES = `
schema: silverbench.prices/1
name: made up
source: this test
date: 2026-11-22
example: true
shapes:
  - { name: two, vcpus: 2, memoryGiB: 64, dollarsPerHour: 0.1 }
`;

let folder: string;
let result: Result;
let stderr = "";

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "silverbench-faults-"));
  const scenario = join(folder, "harmed.yaml");
  writeFileSync(scenario, SCENARIO);
  writeFileSync(join(folder, "prices.yaml"), PRICES);
  const out = join(folder, "out");
  const env = { ...process.env, SILVERBENCH_CACHE: join(folder, "cache") };
  const run = spawn(process.execPath, [MAIN, "run", scenario, "--out", out], { env });
  run.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  run.stdout.resume();
  await once(run, "close");
  if (!existsSync(join(out, "result.json"))) throw new Error(stderr);
  result = (await readBundle(out)).result;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const pointOf = (system: string): Point => result.points.find((one) => one.system === system)!;

describe("a run whose services are harmed in mid-load", () => {
  test("goes on to its end: the systems recover by themselves", () => {
    expect(result.complete, result.incompleteReason).toBe(true);
    expect(result.points).toHaveLength(3);
    expect(result.points.map(({ violations }) => violations)).toEqual([0, 0, 0]);
  });

  test("tells what each fault did", () => {
    const faults = pointOf("mesh").faults.map(({ service, kind }) => `${service} ${kind}`);
    expect(faults).toEqual(["index kill", "filter hang", "feature slow"]);
    const [killed] = pointOf("mesh").faults;
    expect(killed!.errors).toBeGreaterThan(0);
    expect(killed!.downSeconds).toBeGreaterThanOrEqual(0.2);
    expect(pointOf("model").faults[0]!.errors).toBeGreaterThan(0);
    const { text } = result.doubts.find(({ code }) => code === "faults")!;
    expect(text).toContain("index kill at 0.3 s");
  });

  test("marks partial answers where they are allowed, and counts them apart", () => {
    const { partial, faults, goodputPerSecond, throughputPerSecond } = pointOf("lenient");
    expect(partial).toBeGreaterThan(0);
    expect(faults[0]!.partial).toBeGreaterThan(0);
    expect(goodputPerSecond).toBeLessThan(Math.max(throughputPerSecond, 1));
    expect(pointOf("mesh").partial).toBe(0);
    expect(result.doubts.map(({ code }) => code)).toContain("partial-answers");
  });

  test("does not hold the errors that it asked for against a point", () => {
    const reasons = result.points.flatMap((point) => point.reasons);
    expect(reasons.filter((reason) => reason.includes("requests failed"))).toEqual([]);
  });

  test.runIf(existsSync("/proc"))("leaves nothing behind", () => {
    const left = readdirSync("/proc").filter((pid) => {
      if (!/^\d+$/.test(pid)) return false;
      try {
        return readFileSync(`/proc/${pid}/environ`, "latin1").includes(folder);
      } catch {
        return false;
      }
    });
    expect(left).toEqual([]);
  });
});
