import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCommandLine } from "./command-line.ts";
import type { ExitCode } from "./exit-code.ts";

interface Said {
  readonly exitCode: ExitCode;
  readonly out: string;
  readonly notes: string;
}

/** Runs a command line in this process and keeps what it says. */
async function say(...words: string[]): Promise<Said> {
  const out: string[] = [];
  const notes: string[] = [];
  const exitCode = await runCommandLine(words, {
    terminal: {
      out: (text) => void out.push(text),
      note: (text) => void notes.push(text),
      raw: () => {},
      isLive: false,
      columns: 80,
    },
    signal: new AbortController().signal,
    version: "1.2.3",
  });
  return { exitCode, out: out.join("\n"), notes: notes.join("\n") };
}

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "silverbench-cli-"))));
afterAll(() => rm(folder, { recursive: true }));

const VERBS = ["run", "report", "compare", "gate", "dataset", "serve", "list", "doctor", "init"];

describe("help", () => {
  test("names every verb and every exit code", async () => {
    const { exitCode, out } = await say("--help");
    expect(exitCode).toBe(0);
    for (const word of [...VERBS, "130"]) expect(out).toContain(`  ${word}`);
  });

  test.for([...VERBS, "dataset list", "dataset get", "dataset build", "dataset info"])(
    "%s explains itself",
    async (verb) => {
      const { exitCode, out } = await say(...verb.split(" "), "--help");
      expect(exitCode).toBe(0);
      expect(out).toMatch(/^Usage: silverbench /);
    },
  );

  test("the version is the package's", async () => {
    expect(await say("--version")).toMatchObject({ exitCode: 0, out: "1.2.3" });
  });
});

describe("bad usage exits with 2 and says what was meant", () => {
  test.for([
    [["rn"], "Did you mean run?"],
    [["run", "--seeed", "1"], "--seed"],
    [["run", "--seed", "x"], "Expected a whole number"],
    [["dataset", "gte"], "Did you mean get?"],
    [["dataset", "get", "glove"], 'did you mean "glove-100"?'],
    [["serve", "mesh"], "missing required argument 'scenario'"],
    [["serve", "mehs", "quickstart"], 'did you mean "mesh"?'],
    [["serve", "mesh", "quickstart", "--http-port", "99999"], "Expected a port"],
    [["run", "nowhere.yaml"], "no scenario can be read at nowhere.yaml"],
    [["run", "--system", "mehs"], 'did you mean "mesh"?'],
    [["run", "--set", "rounds"], "expected path=value"],
  ] as const)("%j", async ([words, said]) => {
    const { exitCode, notes, out } = await say(...words);
    expect(exitCode).toBe(2);
    expect(notes).toContain(said);
    expect(out).toBe("");
  });

  test("nothing at all shows the help", async () => {
    const { exitCode, notes } = await say();
    expect(exitCode).toBe(2);
    expect(notes).toMatch(/^Usage: silverbench /);
  });
});

test("a scenario with five mistakes reports all five with their lines and exits with 2", async () => {
  const path = join(folder, "five.yaml");
  const text = [
    "schema: silverbench.scenario/1",
    "name: five",
    "dataset: { kind: synthetic, items: 1000, dim: .nan }",
    "requests: { k: 0 }",
    "systems: { mesh: { kind: mush } }",
    "loads: { closed: { shape: closed } }",
    "rouds: 3",
    'gate: ["recall(mosh) >= 1"]',
  ].join("\n");
  await writeFile(path, text);
  const { exitCode, notes, out } = await say("run", path, "--json");
  expect(exitCode).toBe(2);
  expect(notes).toContain(`${path} has 5 mistakes:`);
  const lines = [...notes.matchAll(/five\.yaml:(\d+):\d+: /g)].map(([, line]) => Number(line));
  expect(lines).toEqual([3, 4, 5, 7, 8]);
  expect(JSON.parse(out)).toMatchObject({ error: { code: "BAD_INPUT", exitCode: 2 } });
});

describe("init", () => {
  test("writes a scenario that can be run, and does not overwrite it", async () => {
    const path = join(folder, "mine.yaml");
    expect((await say("init", path)).exitCode).toBe(0);
    const plan = await say("run", path, "--dry-run", "--json");
    expect(plan.exitCode).toBe(0);
    expect(JSON.parse(plan.out)).toMatchObject({
      plans: [{ scenario: "mine", plan: { points: 10, measuredSeconds: 30 } }],
    });

    await writeFile(path, "mine, all mine");
    const again = await say("init", path);
    expect(again.exitCode).toBe(2);
    expect(again.notes).toContain("--force");
    expect(await readFile(path, "utf8")).toBe("mine, all mine");
    expect((await say("init", path, "--force")).exitCode).toBe(0);
  });

  test.for(["mine", "my file.yaml", "-.yaml"])("refuses the name %s", async (name) => {
    expect((await say("init", join(folder, name))).exitCode).toBe(2);
  });

  test("says why a file cannot be written", async () => {
    await writeFile(join(folder, "file"), "not a folder");
    const { exitCode, notes } = await say("init", join(folder, "file", "mine.yaml"));
    expect(exitCode).toBe(2);
    expect(notes).toContain("cannot be written");
  });
});

describe("list and plans", () => {
  test("list shows every shipped scenario as sound, with its question", async () => {
    const { out } = await say("list", "--json");
    const { scenarios } = JSON.parse(out) as { scenarios: { name: string; error?: string }[] };
    expect(scenarios.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["quickstart", "glove"]),
    );
    expect(scenarios.filter(({ error }) => error !== undefined)).toEqual([]);
    expect((await say("list")).out).toContain("On one ordinary machine");
  });

  test("--dry-run takes overrides, tells of gates left out, and starts nothing", async () => {
    const words = ["run", "quickstart", "--system", "mesh", "--rounds", "2", "--dry-run"];
    const gate = 'gate=["p99(model) <= 9", "recall(*) >= 0.9"]';
    const { exitCode, out, notes } = await say(...words, "--set", gate);
    expect(exitCode).toBe(0);
    expect(out).toContain("points   2 in 2 rounds, 6.0 s under load");
    expect(notes).toContain('The gate "p99(model) <= 9" is left out');
  });
});
