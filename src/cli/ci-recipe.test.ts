import { spawnSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { CI_RECIPES } from "./ci-recipe.ts";

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "ci-recipe-"))));
afterAll(() => rm(folder, { recursive: true }));

describe("the shell recipe", () => {
  test("measures, then gates, and is done where the gate is green", async () => {
    const [status, calls] = await ran([0, 0]);
    expect(status).toBe(0);
    expect(calls).toEqual([
      "run mine --rounds 7 --out reports/latest/ci --quiet",
      "gate reports/latest/ci --report",
    ]);
  });

  test("confirms a regression and an open question with more rounds", async () => {
    expect(await ran([3, 3, 0, 0])).toEqual([0, expect.objectContaining({ length: 4 })]);
    const [status, calls] = await ran([0, 4, 3, 3], "reports/reference");
    expect(status).toBe(3);
    expect(calls[2]).toBe("run mine --rounds 21 --out reports/latest/ci --quiet");
    expect(calls[3]).toBe("gate reports/latest/ci --report --reference reports/reference");
  });

  test("passes on what is no verdict, at once", async () => {
    expect(await ran([5])).toEqual([5, expect.objectContaining({ length: 1 })]);
    expect(await ran([0, 6])).toEqual([6, expect.objectContaining({ length: 2 })]);
  });
});

test("the GitHub workflow is YAML that runs the recipe, keeps the bundle and posts the summary", () => {
  const { jobs, on } = parse(CI_RECIPES.github.text()) as {
    on: object;
    jobs: { measure: { steps: { run?: string; uses?: string; if?: string }[] } };
  };
  expect(Object.keys(on)).toEqual(["pull_request", "workflow_call"]);
  const { steps } = jobs.measure;
  const at = (part: string) =>
    steps.findIndex(({ run = "", uses = "" }) => `${run}${uses}`.includes(part));
  const order = [
    "actions/cache",
    "npm ci",
    "silverbench-ci.sh",
    "GITHUB_STEP_SUMMARY",
    "upload-artifact",
    "gh api",
  ];
  expect(order.map(at)).toEqual(order.map(at).toSorted((a, b) => a - b));
  expect(at("actions/cache")).toBeGreaterThan(0);
  for (const step of steps.slice(at("GITHUB_STEP_SUMMARY"))) expect(step.if).toContain("always()");
});

test("the recipe of two commits measures each at its own state, then compares, and cleans up", async () => {
  const repository = join(folder, "repository");
  const [script, log] = [join(folder, "commits.sh"), join(folder, "commits.log")];
  await writeFile(script, CI_RECIPES.commits.text());
  const git = (...words: string[]): void => {
    const identity = ["-c", "user.name=a", "-c", "user.email=a@b"];
    const { status, stderr } = spawnSync("git", ["-C", repository, ...identity, ...words]);
    expect(status, String(stderr)).toBe(0);
  };
  await mkdir(repository);
  git("init", "--quiet");
  for (const state of ["old", "new"]) {
    await writeFile(join(repository, "command"), `echo ${state} "$@" >> ${log}\n`);
    git("add", "command");
    git("commit", "--quiet", "-m", state);
  }
  const out = join(folder, "commits");
  const env = { ...process.env, SILVERBENCH: "sh command", SILVERBENCH_OUT: out, ROUNDS: "3" };
  const ended = spawnSync("sh", [script, "HEAD~1", "HEAD", "mine"], {
    cwd: repository,
    env: { ...env, PREPARE: `echo prepare >> ${log}` },
  });
  expect(ended.status, String(ended.stderr)).toBe(0);
  expect((await readFile(log, "utf8")).trim().split("\n")).toEqual([
    "prepare",
    "prepare",
    `old run mine --rounds 3 --out ${out}/before --quiet`,
    `new run mine --rounds 3 --out ${out}/after --quiet`,
    `new compare ${out}/before ${out}/after --html ${out}/compare.html`,
  ]);
  const { stdout } = spawnSync("git", ["-C", repository, "worktree", "list"]);
  expect(String(stdout).trim().split("\n")).toHaveLength(1);
});

/** Runs the recipe around a command that ends with the given codes, one a call. */
async function ran(codes: readonly number[], reference = ""): Promise<[number | null, string[]]> {
  const [log, script, command] = ["log", "ci.sh", "command"].map((name) => join(folder, name));
  await writeFile(log!, "");
  await writeFile(script!, CI_RECIPES.shell.text());
  const turns = codes.map((code, i) => `${i + 1}) exit ${code} ;;`).join(" ");
  await writeFile(
    command!,
    `#!/bin/sh\necho "$@" >> ${log}\ncase $(wc -l < ${log}) in ${turns} esac\n`,
  );
  await chmod(command!, 0o755);
  const { status } = spawnSync("sh", [script!, "mine"], {
    env: { ...process.env, SILVERBENCH: command!, SILVERBENCH_REFERENCE: reference },
  });
  return [status, (await readFile(log!, "utf8")).trim().split("\n")];
}
