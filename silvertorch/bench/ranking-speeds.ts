/**
 * What ranking costs on this machine's GPU, without the search: tower, union, OverArch, Value
 * Model and the k best, of made-up lists over a catalogue that is made on the device.
 *
 *     npm run bench:ranking [-- --items 10000000 --requests 256 --places 1000 --software]
 *
 * Each line: a model, its embedding cache and how candidates are shared out among threads; then
 * for each stage the milliseconds on the device, what it must read and compute, and its rates.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CandidateRanker, rankingOf } from "../../src/retrieval/candidate-ranker.ts";
import type { ModelSpec } from "../../src/retrieval/model-spec.ts";
import { createModel } from "../../src/retrieval/model.ts";
import { GpuDevice } from "../device/gpu-device.ts";
import { openQueryStage } from "../engine/ranking/query-stage.ts";
import { openRankingStage, type RankingOptions } from "../engine/ranking/ranking-stage.ts";
import type { Artifact } from "../compile/artifact.ts";
import type { Dataset } from "../../src/dataset/dataset.ts";
import { DIM, madeUpArtifact, madeUpDataset } from "./ranking/made-up-artifact.ts";
import { madeUpRecords } from "./ranking/made-up-records.ts";
import { Trial } from "./ranking/ranking-trial.ts";
import { rankingWork } from "./ranking/ranking-work.ts";

const { values: args } = parseArgs({
  options: {
    items: { type: "string", default: "10000000" },
    requests: { type: "string", default: "256" },
    places: { type: "string", default: "1000" },
    k: { type: "string", default: "100" },
    software: { type: "boolean", default: false },
  },
});
const [items, requests, places, k] = [args.items, args.requests, args.places, args.k].map(
  Number,
) as [number, number, number, number];

const base: ModelSpec = {
  heads: 2,
  candidates: places,
  tower: { kind: "mlp", hidden: [128] },
  overarch: "mol",
  tasks: ["click"],
  mol: { userGroups: 8, itemGroups: 4, dim: 64, gateHidden: 128, temperature: 0.05 },
  mlp: { hidden: [128, 64] },
  value: "sigmoid(click) * if(lang:en AND age_days <= 7, 1.2, 1)",
  seed: 3,
};
const twoTasks: ModelSpec = {
  ...base,
  tasks: ["click", "watch"],
  value: "(sigmoid(click) + 0.3 * sigmoid(watch)) * if(lang:en AND age_days <= 7, 1.2, 1)",
};

const CASES: readonly [name: string, model: ModelSpec, options: RankingOptions][] = [
  ["mol 8x4x64", base, {}],
  ["mol 8x4x64", base, { mol: { threads: 128, perThread: 1 } }],
  ["mol 8x4x64", base, { chunksAtOnce: 1 }],
  ["mol 8x4x64", base, { precision: "float16" }],
  ["mol 8x4x64, two tasks", twoTasks, {}],
  ["mol 8x4x64, two tasks", twoTasks, { precision: "float16" }],
  ["mlp 128-64", { ...base, overarch: "mlp", heads: 1 }, {}],
  ["formula alone", { ...base, overarch: "none", value: "score + default(age_days, 3)" }, {}],
  ["score alone", { ...base, overarch: "none", value: "score" }, {}],
];

const print = (text: string): void => void process.stdout.write(`${text}\n`);

const folder = await mkdtemp(join(tmpdir(), "silverbench-ranking-"));
try {
  await using device = await GpuDevice.open({ allowSoftware: args.software, timestamps: true });
  print(
    `${device.adapter.device}: ${items} items, ${requests} requests a batch, ${places} places a list, k ${k}`,
  );
  const dataset = madeUpDataset();
  const artifacts = new Map<string, Artifact>();
  for (const [name, model, options] of CASES) {
    const key = `${model.overarch} ${model.heads} ${model.value}`;
    const artifact =
      artifacts.get(key) ??
      (await madeUpArtifact(join(folder, `${artifacts.size}`), dataset, model));
    artifacts.set(key, artifact);
    await measure(device, { name, model, options, artifact, dataset });
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

interface Case {
  readonly name: string;
  readonly model: ModelSpec;
  readonly options: RankingOptions;
  readonly artifact: Artifact;
  readonly dataset: Dataset;
}

async function measure(device: GpuDevice, one: Case): Promise<void> {
  const { name, model, options, artifact } = one;
  const startMs = performance.now();
  const chunks: GPUBuffer[] = [];
  let words = 0;
  const query = await openQueryStage(device, artifact);
  const ranking = await openRankingStage(device, artifact, {
    ...options,
    madeUp: {
      items,
      async records(record) {
        const made = await madeUpRecords(device, record, items);
        chunks.push(...made.map(({ buffer }) => buffer));
        words = record.words;
        return made;
      },
    },
  });
  const { heads } = model;
  const users = artifact.manifest.users;
  const trial = new Trial(
    device,
    { query, ranking: ranking! },
    { requests, places, k, heads, items, users },
  );
  await trial.answers();
  const openMs = performance.now() - startMs;
  // The first batches may wait for memory that is given back.
  await trial.wallMs();
  const wallMs = await trial.wallMs();
  const { precision = "float32", mol, chunksAtOnce = "as many as usual" } = options;
  const tiled = mol === undefined ? "" : `, ${Object.values(mol).join(" x ")}`;
  print(
    `\n${name}, ${precision}${tiled}: ${wallMs.toFixed(3)} ms a batch = ${Math.round((1000 * requests) / wallMs)} requests/s; ${words * 4} bytes a record, ${chunks.length} chunks, ${chunksAtOnce} at once, opened in ${(openMs / 1000).toFixed(1)} s`,
  );
  if (device.hasTimestamps) {
    const work = rankingWork(model, { requests, places, k, dim: DIM, recordBytes: 4 * words });
    for (const [stage, ms] of await trial.stageTimes()) {
      const { bytes, operations } = work.get(stage) ?? { bytes: 0, operations: 0 };
      print(
        `  ${stage.padEnd(12)} ${ms.toFixed(3)} ms  ${(bytes / 1e6).toFixed(1)} MB, ${(bytes / ms / 1e9).toFixed(2)} TB/s  ${(operations / 1e9).toFixed(2)} GFLOP, ${(operations / ms / 1e9).toFixed(2)} TFLOP/s`,
      );
    }
  }
  trial.dispose();
  for (const buffer of chunks) device.release(buffer);
  print(
    `  largest error of a value on the small catalogue: ${(await largestError(device, one)).toExponential(1)}`,
  );
}

/** On the artifact's own items: how far values are from those of the domain, in float64. */
async function largestError(
  device: GpuDevice,
  { model, options, artifact, dataset }: Case,
): Promise<number> {
  const { heads } = model;
  const { count, dim, denseDim, columns } = dataset.catalogue;
  const userDim = dataset.users.dim;
  const query = await openQueryStage(device, artifact);
  const ranking = await openRankingStage(device, artifact, options);
  const shape = {
    requests: 4,
    places: 200,
    k: 50,
    heads,
    items: count,
    users: dataset.users.count,
  };
  const trial = new Trial(device, { query, ranking: ranking! }, shape);
  const found = await trial.answers();
  const domain = createModel(model, { userDim, dim, denseDim });
  const ranks = rankingOf(model, domain, columns);
  const ranker = ranks === null ? null : new CandidateRanker(dataset.catalogue, ranks);
  let largest = 0;
  for (let request = 0; request < shape.requests; request++) {
    const row = trial.userRows[request]!;
    const features = dataset.users.features.slice(row * userDim, (row + 1) * userDim);
    const side = ranker?.userSide(Float64Array.from(features));
    const scores = new Map<number, number>();
    const width = heads * shape.places;
    for (let at = request * width; at < (request + 1) * width; at++) {
      const item = trial.listRows[at]!;
      scores.set(item, Math.max(trial.listScores[at]!, scores.get(item) ?? -Infinity));
    }
    const products = new Float64Array(heads);
    const valueOf = (item: number): number => {
      const score = scores.get(item)!;
      if (heads === 1) products[0] = score;
      return ranker?.value(side!, { row: item, products, score }) ?? score;
    };
    const best = [...scores.keys()].map(valueOf).toSorted((a, b) => b - a);
    for (let at = 0; at < shape.k; at++) {
      const value = found.values[request * shape.k + at]!;
      const own = valueOf(found.rows[request * shape.k + at]!);
      largest = Math.max(largest, Math.abs(value - own), Math.abs(value - best[at]!));
    }
  }
  trial.dispose();
  return largest;
}
