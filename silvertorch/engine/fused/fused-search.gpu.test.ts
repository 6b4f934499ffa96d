import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AnswerScorer } from "../../../src/measure/recall.ts";
import type { ModelSpec } from "../../../src/retrieval/model-spec.ts";
import { computeTruth } from "../../../src/retrieval/oracle.ts";
import { Artifact } from "../../compile/artifact.ts";
import type { ArtifactSettings } from "../../compile/manifest.ts";
import { anyRequest, bounded, compiled, oneHead, smallDataset } from "../../dataset.fixture.ts";
import { GpuDevice } from "../../device/gpu-device.ts";
import { openTestDevice } from "../../device/gpu.fixture.ts";
import { FusedEngine } from "./fused-engine.ts";
import { LANES } from "./fused-model.ts";
import { openModel } from "./open-fused.ts";
import type { QueryStage } from "./stages.ts";

const probe = await openTestDevice();
await probe?.[Symbol.asyncDispose]();

const identity = (device: GpuDevice): QueryStage => ({
  lane: ({ queries }) => ({
    features: queries,
    upload: ({ given }) => device.queue.writeBuffer(queries, 0, given),
    record: () => {},
    dispose: () => {},
  }),
});

let scratch = "";
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "silverbench-fused-"));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

interface Case {
  readonly name: string;
  readonly model: ModelSpec;
  readonly clusters: number | null;
  readonly probes: number | "all";
  readonly eligibility: ArtifactSettings["eligibility"];
}
const exact = { kind: "exact" } as const;
const narrow = { kind: "bloom", hashes: 2, width: { bits: 12 }, exact: true } as const;
const cases: Case[] = [
  { name: "no clusters", model: oneHead, clusters: null, probes: "all", eligibility: exact },
  { name: "two of five clusters", model: oneHead, clusters: 5, probes: 2, eligibility: exact },
  { name: "all clusters", model: oneHead, clusters: 5, probes: "all", eligibility: exact },
  { name: "no clusters, signatures", model: oneHead, clusters: null, probes: "all", eligibility: narrow },
  { name: "clusters, signatures", model: oneHead, clusters: 5, probes: 2, eligibility: narrow },
];

describe.skipIf(probe === null)("fused", () => {
  test.for(cases)("any request gets the oracle's answer: $name", async (given) => {
    const dataset = smallDataset(8);
    const { catalogue, users } = dataset;
    const { model, clusters, probes, eligibility } = given;
    const folder = join(scratch, given.name.replaceAll(" ", "-"));
    const { engine: onnx, reader } = await compiled(folder, dataset, {
      model,
      settings: { precision: "int8", scale: "perItem", clusters, eligibility },
      probes,
    });
    const device = await GpuDevice.open({ allowSoftware: true, timestamps: false });
    const artifact = await Artifact.open(folder, { verify: false });
    const fused = await openModel(device, artifact, async () => ({ query: identity(device), ranking: null }));
    const shape = { clusters: clusters === null ? 1 : artifact.manifest.clusters!, width: clusters === null ? 320 : artifact.manifest.clusterWidth! };
    const engine = new FusedEngine(
      { ...shape, lanes: LANES, devices: [], run: (batch) => fused.run(batch), [Symbol.asyncDispose]: () => fused[Symbol.asyncDispose]() },
      artifact.manifest,
      probes,
    );
    const quiet = { onProgress: () => {}, signal: new AbortController().signal };
    const recalls: number[] = [];
    const batch = fc.array(
      anyRequest(8, model).map((request) =>
        request.user.kind === "id" ? { ...request, user: { kind: "vectors" as const, vectors: users.features.slice((request.user.id - 100) * 8, (request.user.id - 99) * 8) } } : request,
      ),
      { minLength: 1, maxLength: 6 },
    );
    await fc.assert(
      fc.asyncProperty(batch, async (requests) => {
        const truth = await computeTruth({ catalogue, users, model, requests, threads: 1, ...quiet });
        const scorer = new AnswerScorer({ catalogue, users, model, requests, truth });
        const queries = requests.map((request) => reader.read(request));
        const answers = await engine.answer(queries);
        for (const [at, { rows }] of answers.entries()) {
          const { recall, ...faults } = scorer.score(at, reader.idsOf(rows));
          recalls.push(recall);
          expect(faults).toEqual({ violations: 0, short: 0, duplicates: 0, unknown: 0 });
          if (probes === "all") expect(recall).toBeGreaterThanOrEqual(0.9);
        }
      }),
      bounded(15),
    );
    console.log(given.name, recalls.reduce((a, b) => a + b, 0) / recalls.length);
    await engine[Symbol.asyncDispose]();
    await onnx[Symbol.asyncDispose]();
  });
});
