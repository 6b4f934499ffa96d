import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Bundle } from "./bundle.ts";
import { earlierPart } from "./earlier-part.ts";
import { readJournal } from "./journal.ts";
import { ResultDraft, type ResultHeader } from "./result-draft.ts";
import { sampleResult } from "./sample-result.fixture.ts";
import type { Result } from "./schema.ts";

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), "earlier-"))));
afterEach(() => rm(folder, { recursive: true }));

const { result, samples } = sampleResult({ rounds: 3, samplesPerPoint: 50 });
const { silverbench, scenario, seeds, machine, dataset, model } = result;
const fingerprint = result.fingerprint!;
const header: ResultHeader = { silverbench, scenario, seeds, machine, dataset, model, fingerprint };

/** A run that was killed with so many points in its journal and fewer in its result. */
async function killedAfter(points: number, inResult = 0): Promise<void> {
  await using bundle = await Bundle.create(folder);
  const draft = new ResultDraft(header);
  for (const [at, point] of result.points.slice(0, points).entries()) {
    if (at < inResult) draft.addPoint(point);
    await bundle.addPoint(point, samples.get(point.key)!);
  }
  await bundle.writeResult(draft.soFar());
}

const keysOf = (part: Result | null): string[] => (part?.points ?? []).map(({ key }) => key);

describe("what a run that was cut short left", () => {
  test("is every point of its journal", async () => {
    await killedAfter(7, 3);
    expect(keysOf(await earlierPart(folder, header))).toEqual(keysOf(result).slice(0, 7));
  });

  test("is nothing where it had not come to its first point, or to its folder", async () => {
    expect(await earlierPart(join(folder, "absent"), header)).toBeNull();
    await (await Bundle.create(folder))[Symbol.asyncDispose]();
    expect(await earlierPart(folder, header)).toBeNull();
    await killedAfter(0);
    expect(await earlierPart(folder, header)).toBeNull();
  });

  test("is gone on with: a torn line is cut off, and the next stands whole", async () => {
    await killedAfter(4, 3);
    await appendFile(join(folder, "journal.jsonl"), '{"key":"model/clo');
    await writeFile(join(folder, "result.json.4711.tmp"), "{");
    const earlier = await earlierPart(folder, header);
    {
      await using bundle = await Bundle.resume(folder);
      const next = result.points[4]!;
      await bundle.addPoint(next, samples.get(next.key)!);
    }
    expect(keysOf(earlier)).toHaveLength(4);
    const journal = await readJournal(join(folder, "journal.jsonl"));
    expect(journal.map(({ key }) => key)).toEqual(keysOf(result).slice(0, 5));
    expect(await readdir(folder)).not.toContain("result.json.4711.tmp");
  });

  test("keeps its start, its time and its doubts, and says that it was cut short", async () => {
    await killedAfter(4);
    const earlier = (await earlierPart(folder, header))!;
    const readied = {
      code: "not-warm",
      text: "A system was measured before it had settled: mesh; model.",
    };
    const draft = new ResultDraft(header, null, { ...earlier, seconds: 40, doubts: [readied] });
    const judged = () => ({ cost: [], doubts: [], gates: [] });
    expect(draft.finish(null, judged).resumptions).toEqual([]);
    draft.addPoint({ ...result.points[4]!, sitting: draft.sitting });
    const finished = draft.finish(null, judged);
    expect(draft.sitting).toBe(2);
    expect(finished.startedAt).toBe(earlier.startedAt);
    expect(finished.seconds).toBeGreaterThanOrEqual(40);
    const texts = finished.doubts.map(({ text }) => text).join("\n");
    expect(texts).toContain("cut short and taken up again: the run had not ended");
    expect(texts).toContain("had settled: mesh; model.");
  });
});

describe("a bundle that is of another run is refused, with what differs", () => {
  const refusal = async (change: Partial<ResultHeader>, part: string): Promise<string> => {
    const another = { ...fingerprint, [part]: "another" };
    return await earlierPart(folder, { ...header, ...change, fingerprint: another }).then(
      () => "accepted",
      (error: Error) => error.message,
    );
  };

  test("scenario, data, code and machine", async () => {
    await killedAfter(2);
    expect(await refusal({ scenario: { ...scenario, rounds: 7 } }, "scenario")).toContain(
      "scenario: scenario.rounds was 3, is 7",
    );
    expect(
      await refusal({ scenario: { ...scenario, text: `${scenario.text}k: 7\n` } }, "scenario"),
    ).toContain('"k: 7" is new');
    expect(await refusal({ dataset: { ...dataset, items: 9 } }, "data")).toContain(
      "data: dataset.items was 50000, is 9",
    );
    expect(await refusal({ machine: { ...machine, cores: 64 } }, "machine")).toContain(
      "machine: machine.cores was 2, is 64",
    );
    const packages = { ...machine.packages, usearch: "9.0.0" };
    expect(await refusal({ machine: { ...machine, packages } }, "code")).toContain(
      'packages.usearch was "2.25.3", is "9.0.0"',
    );
    expect(await refusal({}, "code")).toContain("code: what it is a hash of has changed");
  });

  test("one without a fingerprint, and a journal without its result", async () => {
    await killedAfter(2);
    const path = join(folder, "result.json");
    const stored = JSON.parse(await readFile(path, "utf8")) as Result;
    await writeFile(path, JSON.stringify({ ...stored, fingerprint: null }));
    await expect(earlierPart(folder, header)).rejects.toThrow("no fingerprint");
    await rm(path);
    await expect(earlierPart(folder, header)).rejects.toMatchObject({ code: "DATA" });
  });
});
