import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { changedPoints, finishRun, killRunAfter } from "./cli/proof/killed-run.ts";
import { watchCommand, type WatchedCommand } from "./cli/proof/watched-command.ts";
import { processesLeft, roleOf } from "./process/process-tree.ts";
import { readBundle } from "./result/bundle.ts";
import type { Point } from "./result/schema.ts";

const isLinux = process.platform === "linux";

let folder: string;
let scenario: string;
/** The same with a system that answers with nothing: it starts in no time. */
let nothing: string;
/** What a whole run takes here: the moments to kill one are within it. */
let wholeMs: number;
/** What it exits with: 0 on any machine that is not too busy to measure on. */
let wholeCode: 0 | 5;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "silverbench-run-"));
  scenario = join(folder, "tiny.yaml");
  writeFileSync(join(folder, "prices.yaml"), PRICES);
  writeFileSync(scenario, SCENARIO);
  nothing = join(folder, "nothing.yaml");
  writeFileSync(nothing, SCENARIO.replace(/systems:[^]*loads:/, NOTHING));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

// First and alone: it fills the cache that all others start from.
describe("a whole run", () => {
  test("compares both systems against the oracle and leaves nothing behind", async () => {
    const out = join(folder, "whole");
    const began = performance.now();
    const run = start([...TWO_ROUNDS, "--out", out, "--json"]);
    const { code, stdout, stderr } = await run.ended;
    wholeMs = performance.now() - began;
    expect(stderr, stderr).not.toContain("fault of silverbench");

    const { result } = await readBundle(out);
    wholeCode = codeOf(result.points);
    expect(code, stderr).toBe(wholeCode);
    expect(result.complete).toBe(true);
    expect(result.points).toHaveLength(6);
    for (const point of result.points) {
      // A machine that stands still meanwhile makes the ruler wrong, and nothing else.
      for (const reason of point.reasons) expect(reason).toContain("the load generator");
      expect(point.completed).toBeGreaterThan(0);
      expect(point.recall).toBeGreaterThanOrEqual(0.95);
      expect([point.errors, point.violations, point.short]).toEqual([0, 0, 0]);
      // Seen from outside, through /proc.
      expect((point.course?.rssMebibytes[0] ?? 0) > 10).toBe(isLinux);
    }
    const { runs } = JSON.parse(stdout) as { runs: { folder: string }[] };
    expect(runs.map(({ folder: at }) => at)).toEqual([out]);
    expect(readFileSync(join(out, "report.html"), "utf8")).toContain("</html>");
    expect(await processesLeft(run.started(), 30_000)).toEqual([]);
  });

  test("is not measured again when it is resumed, and is refused as part of another run", async () => {
    const out = join(folder, "whole");
    const journal = (): string => readFileSync(join(out, "journal.jsonl"), "utf8");
    const before = journal();
    const again = start([...TWO_ROUNDS, "--out", out, "--resume"]);
    expect((await again.ended).code).toBe(wholeCode);
    expect((await readBundle(out)).result).toMatchObject({ complete: true, resumptions: [] });
    const { code, stderr } = await start(["--rounds", "3", "--out", out, "--resume"]).ended;
    expect(code).toBe(6);
    expect(stderr).toContain("scenario: scenario.rounds was 2, is 3");
    expect(journal()).toBe(before);
  });
});

// What follows waits most of its time, so that it is run side by side.
describe("run --gate", { concurrent: true, timeout: 600_000 }, () => {
  /** A single round has no interval, so that every gate on a speed is open after it. */
  const gated = (name: string, gate: string, ...flags: string[]): WatchedCommand => {
    const words = ["--system", "nothing", "--rounds", "1", "--set", `gate=["${gate}"]`];
    return watchCommand(
      ["run", nothing, ...words, ...UNCHECKED, "--out", join(folder, name), ...flags],
      env(),
    );
  };
  const roundsOf = async (name: string): Promise<number> =>
    (await readBundle(join(folder, name))).result.points.length;
  /** One run for two tests: its result is the reference of others. */
  let held: WatchedCommand;
  beforeAll(() => {
    held = gated("held", "throughput(nothing) >= 0.0001", "--gate");
  });

  test("measures more rounds until the gates are settled, a regression twice", async () => {
    const { code, stdout, stderr } = await held.ended;
    expect(code, stderr).toBe(0);
    expect(stdout).toContain("The gates were looked at 2 times, after 1 and 2 rounds.");
    expect(await roundsOf("held")).toBe(2);
    const gate = "throughput(nothing) >= 1000000000";
    expect((await gated("broken", gate, "--gate-budget", "9 rounds").ended).code).toBe(3);
    expect(await roundsOf("broken")).toBe(4);
  });

  test("ends at its budget with exit code 4; without --gate with the scenario's rounds", async () => {
    const spent = gated("spent", "throughput(nothing) >= 0.0001", "--gate-budget", "0.001s");
    const { code, stdout } = await spent.ended;
    expect(code).toBe(4);
    expect(stdout.replaceAll(/\s+/g, " ")).toContain(
      "One was still open when the budget of 0.001 s",
    );
    expect(await roundsOf("spent")).toBe(1);
    expect((await gated("plain", "throughput(nothing) >= 0.0001").ended).code).toBe(4);
  });

  test("holds it against a reference, and refuses one of another question before it measures", async () => {
    const budget = ["--gate-budget", "3 rounds"];
    const reference = ["--reference", join(folder, "held", "result.json")];
    await held.ended;
    const own = gated(
      "own",
      "throughput(nothing) >= 0.000001 * reference",
      ...budget,
      ...reference,
    );
    const { code, stderr } = await own.ended;
    expect(code, stderr).toBe(0);
    const { gates } = (await readBundle(join(folder, "own"))).result;
    expect(gates[0]).toMatchObject({ verdict: "pass", reference: expect.any(Number) });

    const otherK = ["--set", "requests.k=5"];
    const refused = await gated("other", "recall(nothing) >= 0", ...otherK, ...reference).ended;
    expect(refused.code).toBe(6);
    expect(refused.stderr).toContain("k 5, there 10");
    expect(existsSync(join(folder, "other"))).toBe(false);
  });
});

describe.runIf(isLinux)("a run that is cut short", { concurrent: true, timeout: 600_000 }, () => {
  // With the gateway both systems are up, so that the death of one is seen to end the other. That
  // the mesh names whichever of its services dies, its own tests hold.
  test.for([
    ["gateway", "mesh,model"],
    ["filter", "mesh"],
    ["model", "model"],
  ] as const)(
    "kill -9 of the %s process ends it with exit code 5 and an incomplete bundle that renders",
    async ([role, systems]) => {
      const out = join(folder, `killed-${role}`);
      const run = start(["--rounds", "200", "--system", systems, ...BRIEFLY, "--out", out]);
      await until(() => lines(join(out, "journal.jsonl")) >= 2);
      const victim = run.started().find((pid) => roleOf(pid) === role);
      expect(
        victim,
        `a ${role} process among ${run.started().map(roleOf).join(", ")}`,
      ).toBeDefined();
      process.kill(victim!, "SIGKILL");

      const { code, stderr } = await run.ended;
      expect(code, stderr).toBe(5);
      const { result } = await readBundle(out);
      expect(result.complete).toBe(false);
      expect(result.incompleteReason).toContain(role);
      expect(result.points.length).toBeGreaterThanOrEqual(2);
      expect(readFileSync(join(out, "report.html"), "utf8")).toContain("did not complete");
      expect(await processesLeft(run.started(), 30_000)).toEqual([]);
    },
  );

  test("Ctrl-C: exit code 130 and an incomplete bundle", async () => {
    const out = join(folder, "interrupted");
    const run = start(["--rounds", "200", "--system", FEW, ...BRIEFLY, "--out", out]);
    await until(() => lines(join(out, "journal.jsonl")) >= 1);
    const started = run.started();
    run.child.kill("SIGINT");
    expect((await run.ended).code).toBe(130);
    expect((await readBundle(out)).result.complete).toBe(false);
    expect(await processesLeft(started, 30_000)).toEqual([]);
  });

  test("kill -9 of the harness at random moments, and resumed: no process and no point is lost", async () => {
    const words = [scenario, "--rounds", "3", "--system", FEW, ...BRIEFLY];
    const command = { words, out: join(folder, "resumed"), env: env(), goneWithinMs: 30_000 };
    let before: readonly Point[] = [];
    for (let kill = 1; kill <= 3; kill++) {
      const afterMs = Math.random() * wholeMs;
      const { points, left } = await killRunAfter(command, afterMs);
      const moment = `kill ${kill}, after ${afterMs.toFixed(0)} ms`;
      expect(left, moment).toEqual([]);
      expect(changedPoints(before, points), moment).toEqual([]);
      before = points;
    }
    const points = await finishRun(command);
    expect(changedPoints(before, points)).toEqual([]);
    const rounds = [1, 2, 3];
    expect(points.map(({ key }) => key).toSorted()).toEqual(
      FEW.split(",").flatMap((system) => rounds.map((round) => `${system}/closed/${round}`)),
    );
  });
});

function start(args: readonly string[]): WatchedCommand {
  return watchCommand(["run", scenario, ...args], env());
}

const env = (): Record<string, string> => ({ SILVERBENCH_CACHE: join(folder, "cache") });

const TWO_ROUNDS = ["--rounds", "2"];

/** Systems that take few processes. */
const FEW = "mesh-in-process,model";

/** Little to check first. */
const UNCHECKED = ["--set", "requests.distinct=4"];

/** And windows so short that a run is soon at its points, and then at the next. */
const BRIEFLY = ["--set", "loads.closed.seconds=0.05", ...UNCHECKED];

async function until(isTrue: () => boolean): Promise<void> {
  for (let tries = 0; tries < 3000; tries++) {
    if (isTrue()) return;
    await sleep(100);
  }
  throw new Error("it did not come about within five minutes");
}

/** 5 where a system has no valid round. */
const codeOf = (points: readonly Point[]): 0 | 5 => {
  const measured = points.filter(({ verdict }) => verdict === "valid");
  const systems = (some: readonly Point[]): number => new Set(some.map((one) => one.system)).size;
  return systems(measured) === systems(points) ? 0 : 5;
};

const lines = (path: string): number => readOr(path, "").split("\n").length - 1;

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return otherwise;
  }
}

const PRICES = `
schema: silverbench.prices/1
name: made up
source: this test
date: 2026-11-22
example: true
shapes:
  - { name: two, vcpus: 2, memoryGiB: 64, dollarsPerHour: 0.1 }
`;

/** So slow that the load generator would have to stand still for 0.1 s to be the limit. */
const NOTHING = `systems: { nothing: { kind: delay, settings: { delayMs: 200 } } }
loads:`;

/** In shorter windows one garbage collection of the load generator makes a point invalid. */
const SCENARIO = `
schema: silverbench.scenario/1
name: tiny
dataset: { kind: synthetic, items: 2000, dim: 16, users: 200 }
requests:
  distinct: 100
  k: 10
  exclude: 5
  filters:
    - { weight: 1, template: "" }
    - { weight: 1, template: "lang:{lang} AND age_days <= 30" }
    - { weight: 1, template: "u < 0.2 AND NOT creator:{creator}" }
systems:
  mesh: { kind: mesh }
  mesh-in-process: { kind: mesh, settings: { transport: in-process } }
  model: { kind: index-as-model }
loads:
  closed: { shape: closed, inFlight: 4, seconds: 0.5 }
rounds: 2
warmUpSeconds: 1
prices: prices.yaml
`;
