import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Bundle } from "../../result/bundle.ts";
import { MESH, MODEL, sampleResult, smallSample } from "../../result/sample-result.fixture.ts";
import type { Result } from "../../result/schema.ts";
import { runCommandLine } from "../command-line.ts";
import type { ExitCode } from "../exit-code.ts";

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "silverbench-gate-"))));
afterAll(() => rm(folder, { recursive: true }));

/** Writes a bundle without samples. */
async function written(name: string, result: Result): Promise<string> {
  await using bundle = await Bundle.create(join(folder, name));
  const points = result.points.map((point) => ({ ...point, samples: "" }));
  await bundle.writeResult({ ...result, points });
  return bundle.folder;
}

async function said(
  ...words: string[]
): Promise<{ exitCode: ExitCode; out: string; notes: string }> {
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
    version: "0",
  });
  return { exitCode, out: out.join("\n"), notes: notes.join("\n") };
}

async function judged(result: Result, ...words: string[]): Promise<[ExitCode, unknown]> {
  const { exitCode, out } = await said("gate", await written("judged", result), "--json", ...words);
  return [exitCode, JSON.parse(out)];
}

const sample = smallSample();
/** Another run of the same systems; of the model at a share of its speed. */
function another(share: number, seed = 3): Result {
  const model = { ...MODEL, throughput: MODEL.throughput * share };
  return sampleResult({ seed, samplesPerPoint: 50, behaviours: { mesh: MESH, model } }).result;
}

describe("silverbench gate", () => {
  test("judges the thresholds it is given, and fails closed", async () => {
    expect(await judged(sample, "--threshold", "recall(*) >= 0.95")).toMatchObject([
      0,
      { gates: [{ verdict: "pass" }, { verdict: "pass" }, { verdict: "pass" }] },
    ]);
    expect(await judged(sample, "--threshold", "recall(mesh) >= 0.999")).toMatchObject([
      3,
      { gates: [{ verdict: "regression" }] },
    ]);
    expect(await judged(sample, "--threshold", "recall(nobody) >= 0")).toMatchObject([
      5,
      { gates: [{ verdict: "invalid" }] },
    ]);
    expect((await judged(sample, "--threshold", "be fast"))[0]).toBe(2);
  });

  test("without thresholds the scenario's own gates are judged", async () => {
    const scenario = { ...sample.scenario, text: 'gate: ["violations(*) == 0"]' };
    expect(await judged({ ...sample, scenario })).toMatchObject([0, { gates: { length: 3 } }]);
    const unreadable = { ...sample.scenario, text: "gate: 7" };
    expect((await judged({ ...sample, scenario: unreadable }))[0]).toBe(6);
  });
});

describe("silverbench gate --reference", () => {
  const scenario = { ...sample.scenario, text: "gate: []" };
  const ours = (result: Result): Result => ({ ...result, scenario });

  test("keeps a reference, then is green for no loss and red for a large one", async () => {
    const first = await written("first", ours(another(1)));
    const kept = await said("gate", first, "--update-reference", "--reference", folder);
    expect(kept.exitCode).toBe(0);
    const file = join(folder, "sample.5e1fbe2c.json");
    expect(kept.out).toContain("sample.5e1fbe2c.json");
    expect(JSON.parse(await readFile(file, "utf8"))).toMatchObject({
      schema: "silverbench.result/1",
    });

    const same = await judged(ours(another(1, 4)), "--reference", file);
    expect(same).toMatchObject([0, { gates: [{ verdict: "pass", limit: 0.9 }] }]);
    const slow = await judged(ours(another(0.7, 5)), "--reference", folder);
    expect(slow).toMatchObject([3, { gates: [{ verdict: "regression" }] }]);
    const stated = ["--threshold", "throughput(model) >= 0.3 * reference"];
    expect(await judged(ours(another(0.7, 5)), "--reference", file, ...stated)).toMatchObject([
      0,
      { gates: { length: 1 } },
    ]);
  });

  test("adds runs to a reference, which then tell how far runs lie apart", async () => {
    const path = join(folder, "added.json");
    const add = async (seed: number, ...words: string[]): ReturnType<typeof said> => {
      const startedAt = new Date(Date.UTC(2026, 10, 22, 9, seed)).toISOString();
      const bundle = await written("run", { ...ours(another(1, seed)), startedAt });
      return said("gate", bundle, "--add-reference", "--reference", path, ...words);
    };
    for (const seed of [20, 21]) expect((await add(seed)).exitCode).toBe(0);
    expect(JSON.parse((await add(22, "--json")).out)).toEqual({
      reference: join(folder, "added.20261122T092200Z.json"),
      runs: 3,
    });
    expect((await add(23)).out).toContain("the newest of 4 runs");
    expect(await judged(ours(another(1, 24)), "--reference", path)).toMatchObject([
      0,
      { gates: [{ verdict: "pass", reason: expect.stringContaining("4 runs of the reference") }] },
    ]);
    expect((await add(24, "--update-reference")).exitCode).toBe(2);
  });

  test("refuses another machine, other data, no file and a foreign schema with exit code 6", async () => {
    const file = join(folder, "kept.json");
    const bundle = await written("kept", ours(another(1)));
    await said("gate", bundle, "--update-reference", "--reference", file);
    const result = ours(another(1, 4));
    const refused = async (changed: Result, path = file): Promise<string> => {
      const { exitCode, notes } = await said(
        "gate",
        await written("r", changed),
        "--reference",
        path,
      );
      expect(exitCode).toBe(6);
      return notes;
    };
    expect(await refused({ ...result, machine: { ...result.machine, class: "x" } })).toContain(
      "machine class x, there 5e1fbe2c",
    );
    expect(await refused({ ...result, dataset: { ...result.dataset, hash: "x" } })).toContain(
      "data set hash x",
    );
    expect(await refused(result, join(folder, "references"))).toContain("there is no reference");
    const elsewhere = { ...result, machine: { ...result.machine, class: "x" } };
    expect(await refused(elsewhere, folder)).toContain("sample.5e1fbe2c.json");
    await writeFile(file, '{"schema":"silverbench.result/0"}');
    expect(await refused(result)).toContain("silverbench.result/0");
  });

  test("writes its verdicts into the bundle's summary where it is told to", async () => {
    const bundle = await written("shown", ours(another(1)));
    const words = ["--threshold", "recall(mesh) >= 0.999", "--report"];
    expect((await said("gate", bundle, ...words)).exitCode).toBe(3);
    expect(await readFile(join(bundle, "summary.md"), "utf8")).toContain("❌ regression");
    expect(await readFile(join(bundle, "junit.xml"), "utf8")).toContain('type="regression"');
  });

  test("keeps a history, and draws it from the third run on", async () => {
    const file = join(folder, "history.jsonl");
    const bundle = await written("told", ours(another(1)));
    const words = ["gate", bundle, "--history", file, "--commit", "abc123", "--report"];
    for (let run = 0; run < 3; run++) expect((await said(...words)).exitCode).toBe(0);
    expect((await readFile(file, "utf8")).trim().split("\n")).toHaveLength(3);
    expect(await readFile(join(bundle, "report.html"), "utf8")).toContain("chart-trend");
    expect((await said("report", bundle)).exitCode).toBe(0);
    expect(await readFile(join(bundle, "report.html"), "utf8")).not.toContain("chart-trend");
    expect((await said("report", bundle, "--history", file)).exitCode).toBe(0);
    expect(await readFile(join(bundle, "report.html"), "utf8")).toContain("chart-trend");
  });

  test("is red for a system that was renamed", async () => {
    const file = join(folder, "named.json");
    await said(
      "gate",
      await written("named", ours(another(1))),
      "--update-reference",
      "--reference",
      file,
    );
    const renamed = ours(smallSample({ mesh: MESH, modle: MODEL }));
    expect(await judged(renamed, "--reference", file)).toMatchObject([
      5,
      {
        gates: [
          { expression: "measured(model, closed)", verdict: "invalid" },
          { verdict: "invalid" },
        ],
      },
    ]);
  });

  test("takes no invalid result as the reference", async () => {
    const cut = await written("cut", { ...ours(sample), complete: false });
    const { exitCode, notes } = await said(
      "gate",
      cut,
      "--update-reference",
      "--reference",
      join(folder, "references"),
    );
    expect(exitCode).toBe(5);
    expect(notes).toContain("the run did not complete");
  });

  test("a share of the reference without a reference is invalid", async () => {
    const words = ["--threshold", "throughput(model) >= 0.9 * reference"];
    expect((await judged(sample, ...words))[0]).toBe(5);
  });
});

describe("silverbench compare", () => {
  test("prints two runs within 80 columns, as Markdown and as JSON", async () => {
    const before = await written("before", another(1));
    const after = await written("after", another(1.5, 4));
    const { exitCode, out } = await said("compare", before, after);
    expect(exitCode).toBe(0);
    expect(Math.max(...out.split("\n").map(({ length }) => length))).toBeLessThanOrEqual(80);
    expect(out).toMatch(
      /^ ?model over mesh +throughput +3\.\d+ +4\.\d+ +1\.\d+ \(1\.\d+-1\.\d+\) +better$/m,
    );
    const markdown = await said("compare", before, join(after, "result.json"), "--markdown");
    expect(markdown.out).toContain("| model over mesh | throughput |");
    const json = JSON.parse((await said("compare", before, after, "--json")).out) as object;
    expect(json).toMatchObject({ question: [], gaps: [], rows: { 0: { verdict: "better" } } });
  });

  test("says on top that the question is another, and which result cannot be read", async () => {
    const before = await written("before", another(1));
    const other = { ...another(1), dataset: { ...sample.dataset, hash: "x" } };
    const { out } = await said("compare", before, await written("other", other));
    expect(out).toMatch(/^NOT THE SAME QUESTION/);
    expect((await said("compare", before, join(folder, "nowhere"))).exitCode).toBe(6);
  });
});
