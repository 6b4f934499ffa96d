import { spawnSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { parseGates } from "../gate/expression.ts";
import { CI_RECIPES } from "./ci-recipe.ts";
import { runCommandLine } from "./command-line.ts";

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "ci-recipe-"))));
afterAll(() => rm(folder, { recursive: true }));

describe("the shell recipe", () => {
  const RUN = "run mine --gate-budget 5m --out reports/latest/ci --quiet";

  test("measures and judges in one run, whose verdict is its own", async () => {
    for (const code of [0, 3, 4, 5, 6]) expect(await ran([code])).toEqual([code, [RUN]]);
  });

  test("holds it against a reference, with a budget and rounds of one's own", async () => {
    const [, calls] = await ran([0], {
      SILVERBENCH_REFERENCE: "reports/reference",
      SILVERBENCH_BUDGET: "20 rounds",
      ROUNDS: "7",
    });
    expect(calls).toEqual([
      "run mine --gate-budget 20 rounds --rounds 7 --reference reports/reference --out reports/latest/ci --quiet",
    ]);
  });

  test("adds to the history what is a verdict, and nothing else", async () => {
    const env = { SILVERBENCH_HISTORY: "reports/history.jsonl", SILVERBENCH_REFERENCE: "kept" };
    const history =
      "gate reports/latest/ci --report --history reports/history.jsonl --reference kept";
    const judged = RUN.replace("5m", "5m --reference kept");
    expect(await ran([3, 3], env)).toEqual([3, [judged, history]]);
    expect(await ran([5, 0], env)).toEqual([5, [judged]]);
  });

  test("says nothing that the command line does not know", async () => {
    const all = { SILVERBENCH_HISTORY: "h", SILVERBENCH_REFERENCE: "r", ROUNDS: "7" };
    const [, calls] = await ran([0, 0], all);
    for (const call of calls) {
      const [verb, ...words] = call.split(" ");
      const help = await helpOf(verb!);
      for (const flag of words.filter((word) => word.startsWith("--")))
        expect(help).toContain(flag);
    }
  });

  test("shows gates for a noisy runner and for a fixed one, each of which can be read", () => {
    const gates = [...CI_RECIPES.shell.text().matchAll(/^# {3}gate: (.*)$/gm)].map(
      ([, list]) => parse(list!) as string[],
    );
    expect(gates).toHaveLength(2);
    const [noisy, fixed] = gates.map(parseGates);
    expect(noisy!.some(({ over }) => over !== null)).toBe(true);
    expect(noisy!.every(({ ofReference }) => !ofReference)).toBe(true);
    expect(fixed!.every(({ over }) => over === null)).toBe(true);
    expect(fixed!.some(({ ofReference }) => ofReference)).toBe(true);
  });
});

test("the GitHub workflow is YAML that runs the recipe, keeps the bundle and posts the summary", () => {
  const { jobs, on } = parse(CI_RECIPES.github.text()) as {
    on: { workflow_call: { inputs: object } };
    jobs: {
      measure: {
        "runs-on": string;
        env: Record<string, string>;
        steps: { run?: string; uses?: string; if?: string }[];
      };
    };
  };
  expect(Object.keys(on)).toEqual(["pull_request", "workflow_call"]);
  const { steps, env } = jobs.measure;
  for (const input of Object.keys(on.workflow_call.inputs)) {
    const { "runs-on": runsOn } = jobs.measure;
    expect(`${Object.values(env).join(" ")} ${runsOn}`).toContain(`inputs.${input}`);
  }
  const script = CI_RECIPES.shell.text();
  const { SCENARIO: _, ...handedOn } = env;
  for (const name of Object.keys(handedOn)) expect(script).toContain(name);
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
async function ran(
  codes: readonly number[],
  env: Readonly<Record<string, string>> = {},
): Promise<[number | null, string[]]> {
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
    env: { ...process.env, SILVERBENCH: command!, ...env },
  });
  return [status, (await readFile(log!, "utf8")).trim().split("\n")];
}

async function helpOf(verb: string): Promise<string> {
  const out: string[] = [];
  await runCommandLine([verb, "--help"], {
    terminal: {
      out: (text) => void out.push(text),
      note: () => {},
      raw: () => {},
      isLive: false,
      columns: 80,
    },
    signal: new AbortController().signal,
    version: "1.2.3",
  });
  return out.join("\n");
}
