import {
  appendFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Bundle, readBundle } from "./bundle.ts";
import { readJournal } from "./journal.ts";
import { sampleResult } from "./sample-result.fixture.ts";
import { samplesPath } from "./samples.ts";
import type { Result } from "./schema.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "bundle-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Writes a bundle of two rounds; the result holds the first `inResult` points. */
async function written(complete = true, inResult = 6): Promise<Result> {
  const { result, samples } = sampleResult({ rounds: 2, samplesPerPoint: 200, complete });
  await using bundle = await Bundle.create(folder);
  for (const point of result.points) await bundle.addPoint(point, samples.get(point.key)!);
  await bundle.writeResult({ ...result, points: result.points.slice(0, inResult) });
  return result;
}

describe("a result bundle", () => {
  it("comes back as it was written, samples included", async () => {
    const result = await written();
    const read = await readBundle(folder);
    expect(read.result).toEqual(result);
    expect([...read.samples.keys()]).toEqual(result.points.map(({ key }) => key));
    const point = result.points[0]!;
    expect(read.samples.get(point.key)!.quantile(0.5) / 1000).toBeCloseTo(point.latencyMs.p50!, 9);
    expect((await readdir(folder)).toSorted()).toEqual(["journal.jsonl", "result.json", "samples"]);
  });

  it("of an interrupted run takes from the journal what the result lacks", async () => {
    const { points } = await written(false, 2);
    expect((await readBundle(folder)).result.points).toEqual(points);
  });

  it("forgives a last line that a crash tore", async () => {
    await written(false, 2);
    await appendFile(join(folder, "journal.jsonl"), '{"key":"mesh/closed/3","sys');
    expect((await readBundle(folder)).result.points).toHaveLength(6);
    await truncate(join(folder, "journal.jsonl"), 100);
    expect(await readJournal(join(folder, "journal.jsonl"))).toEqual([]);
  });

  it("refuses a journal damaged anywhere else, naming the line", async () => {
    await written(false, 2);
    const path = join(folder, "journal.jsonl");
    const lines = (await readFile(path, "utf8")).split("\n");
    lines[2] = lines[2]!.slice(0, 50);
    await writeFile(path, lines.join("\n"));
    await expect(readBundle(folder)).rejects.toMatchObject({ code: "DATA", where: `${path}:3` });
  });

  it("refuses samples that are absent, cut short or another point's", async () => {
    const { points } = await written();
    const [first, second] = [join(folder, points[0]!.samples), join(folder, points[1]!.samples)];
    const text = await readFile(first, "utf8");
    await writeFile(first, await readFile(second, "utf8"));
    await expect(readBundle(folder)).rejects.toMatchObject({ code: "DATA", where: first });
    await writeFile(first, text.slice(0, 90));
    await expect(readBundle(folder)).rejects.toMatchObject({ code: "DATA", where: first });
    await rm(first);
    await expect(readBundle(folder)).rejects.toMatchObject({ code: "DATA", where: first });
  });

  it("refuses a result that names samples outside its folder", async () => {
    const result = await written();
    const points = [{ ...result.points[0]!, samples: "../outside.json" }];
    await writeFile(join(folder, "result.json"), JSON.stringify({ ...result, points }));
    await expect(readBundle(folder)).rejects.toThrow("lie outside the bundle");
  });

  it("says what is wrong with a result.json", async () => {
    const result = await written();
    const path = join(folder, "result.json");
    const refusal = async (text: string): Promise<string> => {
      await writeFile(path, text);
      return readBundle(folder).then(
        () => "accepted",
        (error: Error) => error.message,
      );
    };
    expect(await refusal("{")).toBe("expected JSON");
    expect(await refusal("null")).toContain("expected schema silverbench.result/1");
    expect(await refusal('{"schema":"silverbench.result/2"}')).toContain('"silverbench.result/2"');
    expect(await refusal(JSON.stringify({ ...result, seconds: "long" }))).toContain("seconds:");
    await rm(path);
    await expect(readBundle(folder)).rejects.toThrow("not a result bundle");
  });

  it("lets no number through that JSON cannot hold", async () => {
    const { result, samples } = sampleResult({ rounds: 1 });
    await using bundle = await Bundle.create(folder);
    const point = { ...result.points[0]!, throughputPerSecond: NaN };
    await expect(bundle.addPoint(point, samples.get(point.key)!)).rejects.toThrow(
      "throughputPerSecond",
    );
    await expect(bundle.writeResult({ ...result, seconds: Infinity })).rejects.toThrow("seconds");
  });

  it("starts anew over an earlier bundle and leaves strangers' files alone", async () => {
    await written();
    await writeFile(join(folder, "report.html"), "old");
    await writeFile(join(folder, "notes.txt"), "mine");
    await (await Bundle.create(folder))[Symbol.asyncDispose]();
    expect((await readdir(folder)).toSorted()).toEqual(["journal.jsonl", "notes.txt"]);
    const home = join(folder, "home");
    await mkdir(join(home, "letters"), { recursive: true });
    await expect(Bundle.create(home)).rejects.toMatchObject({ code: "BAD_INPUT" });
  });
});

describe("a samples path", () => {
  it("is readable, safe and different for keys that read alike", () => {
    expect(samplesPath("mesh/closed/1")).toMatch(/^samples\/mesh-closed-1-[0-9a-f]{8}\.hdr\.json$/);
    expect(samplesPath("../../etc/passwd")).toMatch(/^samples\/[a-z0-9-]+\.hdr\.json$/);
    expect(samplesPath("a[x=1]/b/1")).not.toBe(samplesPath("a[x-1]/b/1"));
  });
});
