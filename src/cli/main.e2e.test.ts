import { execFile, spawn, spawnSync, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { builtFile } from "../process/built-file.ts";

const MAIN = builtFile(import.meta.url, "./main.js");
const SCENARIO = `schema: silverbench.scenario/1
name: nothing
dataset: { kind: synthetic, items: 200, dim: 4, users: 20 }
requests: { distinct: 20, k: 5, filters: [{ template: "lang:{lang}" }] }
systems: { nothing: { kind: "null" } }
loads: { closed: { shape: closed, seconds: 1 } }
`;

let folder: string;
let scenario: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "silverbench-main-"));
  scenario = join(folder, "nothing.yaml");
  await writeFile(scenario, SCENARIO);
});
afterAll(() => rm(folder, { recursive: true }));

interface Serving {
  readonly command: ChildProcessByStdio<null, Readable, Readable>;
  readonly exitCode: Promise<number | null>;
  readonly lines: readonly string[];
  readonly notes: () => string;
}

function start(...words: string[]): Serving {
  const command = spawn(process.execPath, [MAIN, ...words], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, SILVERBENCH_CACHE: join(folder, "cache") },
  });
  const lines: string[] = [];
  createInterface(command.stdout).on("line", (line) => lines.push(line));
  let notes = "";
  command.stderr.setEncoding("utf8").on("data", (text: string) => (notes += text));
  const exitCode = once(command, "close").then(([code]) => code as number | null);
  return { command, exitCode, lines, notes: () => notes };
}

/** Starts `serve` and waits for its last line. */
async function serving(): Promise<Serving & { pid: number }> {
  const started = start("serve", "nothing", scenario, "--quiet");
  while (!started.lines.includes("Ctrl-C ends it.")) {
    if (started.command.exitCode !== null) throw new Error(`serve ended early: ${started.notes()}`);
    await sleep(20);
  }
  const pid = Number(/ready: null (\d+)$/.exec(started.lines[0]!)![1]);
  return { ...started, pid };
}

/** Without curl a test is skipped with its reason; in CI that is a failure. */
function hasCurl(): boolean {
  return process.env["CI"] !== undefined || spawnSync("curl", ["--version"]).error === undefined;
}

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe("serve", () => {
  test("the curl it prints works when pasted; Ctrl-C ends it well and leaves no process", async (context) => {
    context.skip(!hasCurl(), "curl is not installed: apt-get install curl");
    const { command, exitCode, lines, pid } = await serving();
    const curl = lines.find((line) => line.includes("curl") && line.includes("/v1/retrieve"))!;
    const { stdout } = await promisify(execFile)("bash", ["-c", curl]);
    expect(JSON.parse(stdout)).toEqual({ ids: [], values: [], partial: false });
    command.kill("SIGINT");
    expect(await exitCode).toBe(0);
    expect(isRunning(pid)).toBe(false);
  });

  test("a service that is killed ends it with 5 and is named", async () => {
    const { exitCode, notes, pid } = await serving();
    process.kill(pid, "SIGKILL");
    expect(await exitCode).toBe(5);
    expect(notes()).toContain("null");
  });

  test("kill -9 of the command itself leaves no process either", async () => {
    const { command, exitCode, pid } = await serving();
    command.kill("SIGKILL");
    await exitCode;
    for (let waited = 0; waited < 60_000 && isRunning(pid); waited += 50) await sleep(50);
    expect(isRunning(pid)).toBe(false);
  });

  test("a port in use is named, and nothing is left behind", async () => {
    const { command, exitCode, lines } = await serving();
    const port = /http:\/\/127\.0\.0\.1:(\d+)/.exec(lines.join("\n"))![1]!;
    const second = start("serve", "nothing", scenario, "--http-port", port);
    expect(await second.exitCode).toBe(2);
    expect(second.notes()).toContain(port);
    command.kill("SIGTERM");
    expect(await exitCode).toBe(0);
  });
});

test("a reader that stops reading, as in `| head -1`, is no error", async () => {
  const { stdout, stderr } = await promisify(execFile)("bash", [
    "-o",
    "pipefail",
    "-c",
    `"${process.execPath}" "${MAIN}" list --json | head -1; echo "\${PIPESTATUS[0]}"`,
  ]);
  expect(stderr).toBe("");
  expect(stdout.trim().split("\n")).toEqual(["{", "0"]);
});

test("--json keeps stdout to one document even when the command fails", async () => {
  const failed = start("dataset", "info", join(folder, "absent.yaml"), "--json");
  expect(await failed.exitCode).toBe(2);
  expect(JSON.parse(failed.lines.join("\n"))).toMatchObject({ error: { code: "BAD_INPUT" } });
});

test("doctor looks at machine, limits, noise, devices and software, and says what to do", async () => {
  const doctor = start("doctor", "--json");
  await doctor.exitCode;
  const { checks } = JSON.parse(doctor.lines.join("\n")) as {
    checks: { name: string; status: string; advice?: string }[];
  };
  const names = checks.map(({ name }) => name);
  const everywhere = ["cores", "memory", "ports", "noise", "node", "device cuda", "device webgpu"];
  const onLinux = ["governor", "steal", "CPU sets", "open files"];
  const wanted = process.platform === "linux" ? [...everywhere, ...onLinux] : everywhere;
  expect(names).toEqual(expect.arrayContaining(wanted));
  expect(checks.find(({ name }) => name === "device cpu")?.status).toBe("ok");
  const silent = checks.filter(({ status, advice }) => status !== "ok" && !advice);
  expect(silent).toEqual([]);
});

test("data that was never fetched exits with 6 and says how to get it", async () => {
  const glove = start("dataset", "info", "glove");
  expect(await glove.exitCode).toBe(6);
  expect(glove.notes()).toContain("silverbench dataset get glove-100");
});
