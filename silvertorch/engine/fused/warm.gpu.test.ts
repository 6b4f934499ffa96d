import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Artifact } from "../../compile/artifact.ts";
import { compileArtifact } from "../../compile/compile.ts";
import { smallDataset, threeHeads } from "../../dataset.fixture.ts";
import { GpuDevice } from "../../device/gpu-device.ts";
import { openTestDevice } from "../../device/gpu.fixture.ts";
import { RequestReader } from "../request-reader.ts";
import type { EngineQuery } from "../query.ts";
import { warmUp } from "../warm-up.ts";
import { FusedEngine } from "./fused-engine.ts";
import { copied } from "./answers.ts";
import { LANES } from "./fused-model.ts";
import { openModel } from "./open-model.ts";

const found = await openTestDevice();
await found?.[Symbol.asyncDispose]();

let scratch = "";
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "silverbench-warm-"));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const MAX_BATCH = 6;
const LARGEST_K = 120;
/** More of them are asked for where updates hide compiled ones. */
const MORE = 8;

test.skipIf(found === null).for([
  { heads: "three heads", model: threeHeads },
  { heads: "one head", model: { ...threeHeads, heads: 1 } },
])(
  "once it is warm, a batch of any filters is one run, makes no buffer and compiles no kernel: $heads",
  async ({ heads, model }) => {
    const folder = join(scratch, heads);
    const dataset = smallDataset(5);
    const settings = {
      precision: "int8",
      scale: "perItem",
      clusters: 5,
      eligibility: { kind: "bloom", hashes: 2, width: { bits: 12 }, exact: true },
    } as const;
    await compileArtifact({
      dataset,
      model,
      settings,
      threads: 1,
      folder,
      onProgress: () => {},
    });
    const artifact = await Artifact.open(folder, { verify: false });
    const reader = await RequestReader.open(artifact);
    const device = await GpuDevice.open({ allowSoftware: true, timestamps: true });
    const opened = await openModel(device, artifact);
    let runs = 0;
    const runner = {
      lanes: LANES,
      clusters: opened.clusters,
      width: opened.width,
      devices: [],
      run: (batch: Parameters<typeof opened.run>[0]) => {
        runs++;
        return opened.run(batch, copied);
      },
      [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
    };
    await using engine = new FusedEngine(runner, artifact.manifest, { probes: "all" });
    await warmUp(engine, {
      maxBatch: MAX_BATCH,
      k: LARGEST_K,
      plan: reader.anyPlan(),
      onProgress: () => {},
    });

    const compiled: string[] = [];
    device.onCompile = (kernel) => compiled.push(kernel);
    const held = device.bufferBytes;
    runs = 0;
    const { ids } = dataset.users;
    const batch = Array.from({ length: MAX_BATCH }, (_, at): EngineQuery =>
      reader.read({
        user: { kind: "id", id: ids[at]! },
        k: at === 1 ? LARGEST_K + MORE : 1 + 9 * at,
        filter: ["", "lang:v1", "topic IN (v1, v2) AND NOT creator:v7", "NOT lang:v2"][at % 4]!,
        exclude: dataset.catalogue.ids.slice(0, 50 * at),
      }),
    );
    const answers = await Promise.all(
      Array.from({ length: 2 * LANES }, () => engine.answer(batch)),
    );
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(runs).toBe(2 * LANES);
    expect(compiled).toEqual([]);
    expect(device.bufferBytes).toEqual(held);
  },
);
