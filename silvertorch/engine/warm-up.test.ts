import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Artifact } from "../compile/artifact.ts";
import { compileArtifact } from "../compile/compile.ts";
import { smallDataset, threeHeads } from "../dataset.fixture.ts";
import { exact } from "../live/changes.fixture.ts";
import { OnnxEngine } from "./onnx-engine.ts";
import { RequestReader } from "./request-reader.ts";
import { warmUp } from "./warm-up.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "silverbench-warm-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("on a processor the first engine runs the largest batch, and who takes its place a usual one", async () => {
  const path = join(folder, "artifact");
  const parts = { dataset: smallDataset(), model: threeHeads, settings: exact, threads: 1 };
  await compileArtifact({ ...parts, folder: path, onProgress: () => {} });
  const artifact = await Artifact.open(path, { verify: false });
  using reader = await RequestReader.open(artifact);
  const onDied = (): void => {};
  await using engine = await OnnxEngine.open(artifact, {
    device: "cpu",
    threads: 1,
    allowFallback: true,
    onDied,
  });
  const phasesOf = async (usualBatch?: number): Promise<string[]> => {
    const phases: string[] = [];
    const onProgress = (phase: string): void => void phases.push(phase);
    await warmUp(engine, { maxBatch: 8, plan: reader.anyPlan(), usualBatch, onProgress });
    return phases;
  };
  const last = "warming up with all clusters";
  const largest = "warming up with batches of 8";
  expect(await phasesOf()).toEqual([largest, largest, last]);
  expect(await phasesOf(3)).toEqual(["warming up with a batch of 3", last]);
  expect(await phasesOf(9)).toEqual(["warming up with a batch of 8", last]);
});
