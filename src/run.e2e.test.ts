import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { builtFile } from "./process/built-file.ts";
import { readBundle } from "./result/bundle.ts";

const isLinux = process.platform === "linux";
const MAIN = builtFile(import.meta.url, "./cli/main.js");

let folder: string;
let scenario: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "silverbench-run-"));
  scenario = join(folder, "tiny.yaml");
  writeFileSync(join(folder, "prices.yaml"), PRICES);
  writeFileSync(scenario, SCENARIO);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

// First and alone: it fills the cache that all others start from.
describe("a whole run", () => {
  test("compares both systems against the oracle and leaves nothing behind", async () => {
    const out = join(folder, "whole");
    const run = start(["--rounds", "2", "--out", out, "--json"]);
    const { code, stdout, stderr } = await run.ended;
    expect(stderr, stderr).not.toContain("fault of silverbench");
    expect(code, stderr).toBe(0);

    const { result } = await readBundle(out);
    expect(result.complete).toBe(true);
    expect(result.points).toHaveLength(6);
    for (const point of result.points) {
      expect(point.completed).toBeGreaterThan(0);
      expect(point.recall).toBeGreaterThanOrEqual(0.95);
      expect([point.errors, point.violations, point.short]).toEqual([0, 0, 0]);
    }
    const { runs } = JSON.parse(stdout) as { runs: { folder: string }[] };
    expect(runs.map(({ folder: at }) => at)).toEqual([out]);
    expect(readFileSync(join(out, "report.html"), "utf8")).toContain("</html>");
    expect(await processesLeft(run.started())).toEqual([]);
  });
});

describe("run --gate", () => {
  /** A single round has no interval, so that every gate on a speed is open after it. */
  const gated = (name: string, gate: string, ...flags: string[]): Run => {
    const words = ["--system", "model", "--rounds", "1", "--set", `gate=["${gate}"]`];
    return start([...words, ...BRIEFLY, "--out", join(folder, name), ...flags]);
  };
  const roundsOf = async (name: string): Promise<number> =>
    (await readBundle(join(folder, name))).result.points.length;

  test("measures more rounds until the gates are settled, a regression twice", async () => {
    const held = gated("held", "throughput(model) >= 0.0001", "--gate");
    const { code, stdout, stderr } = await held.ended;
    expect(code, stderr).toBe(0);
    expect(stdout).toContain("The gates were looked at 2 times, after 1 and 2 rounds.");
    expect(await roundsOf("held")).toBe(2);

    const broken = gated("broken", "throughput(model) >= 1000000000", "--gate-budget", "9 rounds");
    expect((await broken.ended).code).toBe(3);
    expect(await roundsOf("broken")).toBe(4);
  });

  test("ends at its budget with exit code 4; without --gate with the scenario's rounds", async () => {
    const spent = gated("spent", "throughput(model) >= 0.0001", "--gate-budget", "0.001s");
    const { code, stdout } = await spent.ended;
    expect(code).toBe(4);
    expect(stdout.replaceAll(/\s+/g, " ")).toContain(
      "One was still open when the budget of 0.001 s",
    );
    expect(await roundsOf("spent")).toBe(1);
    expect((await gated("plain", "throughput(model) >= 0.0001").ended).code).toBe(4);
  });

  test("holds it against a reference, and refuses one of another question before it measures", async () => {
    const budget = ["--gate-budget", "3 rounds"];
    const reference = ["--reference", join(folder, "held", "result.json")];
    const held = gated("own", "throughput(model) >= 0.000001 * reference", ...budget, ...reference);
    const { code, stderr } = await held.ended;
    expect(code, stderr).toBe(0);
    const { gates } = (await readBundle(join(folder, "own"))).result;
    expect(gates[0]).toMatchObject({ verdict: "pass", reference: expect.any(Number) });

    const other = gated("other", "recall(model) >= 0", "--set", "requests.k=5", ...reference);
    const refused = await other.ended;
    expect(refused.code).toBe(6);
    expect(refused.stderr).toContain("k 5, there 10");
    expect(existsSync(join(folder, "other"))).toBe(false);
  });
});

describe.runIf(isLinux)("a run that is cut short", { concurrent: true }, () => {
  // With the gateway both systems are up, so that the death of one is seen to end the other.
  test.for([
    ["gateway", "mesh,model"],
    ["index", "mesh"],
    ["feature", "mesh"],
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
      expect(await processesLeft(run.started())).toEqual([]);
    },
  );

  test("Ctrl-C: exit code 130 and an incomplete bundle", async () => {
    const out = join(folder, "interrupted");
    const run = start(["--rounds", "200", ...BRIEFLY, "--out", out]);
    await until(() => lines(join(out, "journal.jsonl")) >= 1);
    const started = run.started();
    run.child.kill("SIGINT");
    expect((await run.ended).code).toBe(130);
    expect((await readBundle(out)).result.complete).toBe(false);
    expect(await processesLeft(started)).toEqual([]);
  });

  test("a killed harness leaves no service behind, and a bundle that can be read", async () => {
    const out = join(folder, "orphans");
    const run = start(["--rounds", "200", ...BRIEFLY, "--out", out]);
    await until(() => lines(join(out, "journal.jsonl")) >= 1);
    const started = run.started();
    expect(started.length).toBeGreaterThanOrEqual(6);
    await until(() => existsSync(join(out, "result.json")));
    run.child.kill("SIGKILL");
    await run.ended;
    expect(await processesLeft(started)).toEqual([]);
    const { result } = await readBundle(out);
    expect(result.complete).toBe(false);
    expect(result.points.length).toBeGreaterThanOrEqual(1);
  });
});

interface Run {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
  /** Every process that was ever seen below it. */
  readonly started: () => number[];
}

function start(args: readonly string[]): Run {
  const env = { ...process.env, SILVERBENCH_CACHE: join(folder, "cache") };
  const child = spawn(process.execPath, [MAIN, "run", scenario, ...args], { env });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const seen = new Set<number>();
  const look = (): void => {
    for (const pid of descendants(child.pid!)) seen.add(pid);
  };
  const watch = setInterval(look, 100);
  const ended = once(child, "close").then(([code]) => {
    clearInterval(watch);
    return { code: code as number | null, stdout, stderr };
  });
  return {
    child,
    ended,
    started: () => {
      look();
      return [...seen];
    },
  };
}

/** Windows so short that a run is soon at its points. */
const BRIEFLY = ["--set", "loads.closed.seconds=0.1"];

/** Processes below one, read from /proc; none where there is no /proc. */
function descendants(root: number): number[] {
  if (!isLinux) return [];
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    const stat = readOr(`/proc/${name}/stat`, "");
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 4).split(" ")[0]);
    if (stat !== "") parents.set(Number(name), parent);
  }
  const isBelow = (pid: number): boolean => {
    const parent = parents.get(pid);
    return parent !== undefined && (parent === root || isBelow(parent));
  };
  return [...parents.keys()].filter(isBelow);
}

/** The service's role, from the title it gives itself. */
function roleOf(pid: number): string {
  return readOr(`/proc/${pid}/cmdline`, "")
    .replaceAll("\0", " ")
    .trim()
    .replace("silverbench-", "");
}

/** Those that have not ended within five seconds. */
async function processesLeft(pids: readonly number[]): Promise<number[]> {
  let left: number[] = [];
  for (let tries = 0; tries < 50; tries++) {
    left = pids.filter(
      (pid) => existsSync(`/proc/${pid}/exe`) && readOr(`/proc/${pid}/cmdline`, "") !== "",
    );
    if (left.length === 0) return [];
    await sleep(100);
  }
  return left;
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1200; tries++) {
    if (isTrue()) return;
    await sleep(100);
  }
  throw new Error("it did not come about within two minutes");
}

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
  closed: { shape: closed, inFlight: 4, seconds: 0.3 }
rounds: 2
prices: prices.yaml
`;
