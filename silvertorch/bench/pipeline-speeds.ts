/**
 * How many requests a second go through all of the fused engine: `npm run bench:pipeline [-- --clusters
 * 4096 ...]`, with the options of bench:fused. Known users -> tower -> two heads -> probe, scan and
 * selection of 1,000 candidates a head (scored again in float32) -> union -> mixture of logits
 * 8 x 4 x 64 -> Value Model -> the 100 best, over a catalogue that is made on the device. Wall time
 * with the answers on the host, several batches in flight, the median of several passes; then the
 * stages of a batch alone.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Random } from "../../src/math/random.ts";
import type { ModelSpec } from "../../src/retrieval/model-spec.ts";
import { GpuDevice } from "../device/gpu-device.ts";
import { StageTimer } from "../device/passes.ts";
import { vectorParts } from "../engine/fused/device-index.ts";
import { readAll } from "../engine/fused/answers.ts";
import { FusedLane, type ForwardPass } from "../engine/fused/fused-lane.ts";
import { packBatch, type PackedBatch } from "../engine/fused/pack-batch.ts";
import { searchKernels } from "../engine/fused/search-kernels.ts";
import type { EngineQuery } from "../engine/query.ts";
import { openQueryStage } from "../engine/ranking/query-stage.ts";
import { openRankingStage } from "../engine/ranking/ranking-stage.ts";
import type { CachePrecision } from "../kernels/ranking/item-record.ts";
import { itemRecord } from "../kernels/ranking/item-record.ts";
import type { SearchShape } from "../kernels/search/search-shape.ts";
import { benchSize } from "./fused/bench-size.ts";
import { inFlight, median, ratesOf } from "./fused/in-flight.ts";
import { syntheticIndex } from "./fused/synthetic-index.ts";
import { DIM, madeUpArtifact, madeUpDataset } from "./ranking/made-up-artifact.ts";
import { fillRecords, madeUpRecords } from "./ranking/made-up-records.ts";

const PLACES = 1000;
const K = 100;
const PRECISIONS: readonly CachePrecision[] = ["float32", "float16"];

const model: ModelSpec = {
  heads: 2,
  candidates: PLACES,
  tower: { kind: "mlp", hidden: [128] },
  overarch: "mol",
  tasks: ["click"],
  mol: { userGroups: 8, itemGroups: 4, dim: 64, gateHidden: 128, temperature: 0.05 },
  value: "sigmoid(click) * if(lang:en AND age_days <= 7, 1.2, 1)",
  seed: 3,
};

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const size = benchSize(["--heads", "2", "--batches", "1,64,256", ...process.argv.slice(2)]);
const random = new Random(1);
const folder = await mkdtemp(join(tmpdir(), "silverbench-pipeline-"));
try {
  await using device = await GpuDevice.open({
    allowSoftware: size.allowSoftware,
    timestamps: true,
  });
  const dataset = madeUpDataset();
  const artifact = await madeUpArtifact(folder, dataset, model);
  const shape: SearchShape = {
    dim: DIM,
    heads: size.heads,
    clusters: size.clusters,
    width: size.width,
    bitmapRows: size.rows,
    cells: 0,
    hasPositions: false,
  };
  const vectors = vectorParts(device, shape);
  const plain = { columns: new Set<number>(), matches: new Map<string, never>() };
  const vector = { groups: 1, length: DIM, precision: "float32", interleaved: false } as const;
  await fillRecords(
    device,
    itemRecord([vector], plain),
    vectors.map(({ positions, items }) => ({ rows: positions, buffer: items })),
  );
  const index = { ...(await syntheticIndex(device, shape)), vectors };
  const kernels = await searchKernels(device, index);
  const query = await openQueryStage(device, artifact);
  print(
    `${device.adapter.device}: ${index.items} items, ${size.heads} heads, ${size.probes} probes, ${PLACES} candidates a head, mol 8x4x64, k ${K}`,
  );
  for (const precision of PRECISIONS) {
    const records: GPUBuffer[] = [];
    const ranking = await openRankingStage(device, artifact, {
      precision,
      madeUp: {
        items: index.items,
        async records(record) {
          const chunks = await madeUpRecords(device, record, index.items);
          records.push(...chunks.map(({ buffer }) => buffer));
          return chunks;
        },
      },
    });
    const pass: ForwardPass = { device, index, kernels, query, ranking, fresh: null };
    print(`\nembedding cache in ${precision}, ${(device.memoryBytes / 2 ** 30).toFixed(1)} GiB`);
    for (const requests of size.batches)
      await measure(pass, batchOf(requests, dataset.users.count));
    for (const buffer of records) device.release(buffer);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

function batchOf(requests: number, users: number): PackedBatch {
  const queries = Array.from({ length: requests }, (): EngineQuery => ({
    user: { kind: "row", row: random.int(users) },
    k: K,
    plan: null,
    exclude: new Uint32Array(0),
  }));
  const { heads, clusters, probes } = size;
  // A quarter more than wanted is scored again, as the engine does.
  const candidates = PLACES + PLACES / 4 + 32;
  return packBatch(queries, { heads, clusters, probes, places: PLACES, candidates });
}

async function measure(pass: ForwardPass, batch: PackedBatch): Promise<void> {
  const { requests } = batch.search;
  const { lanes, ms } = await inFlight(pass, batch, size);
  print(
    `batch ${requests}: ${ratesOf(requests, ms)}, ${median(ms).toFixed(3)} ms a batch, ${lanes} in flight`,
  );
  if (pass.device.hasTimestamps) print(`  ${(await stagesOf(pass, batch)).join(", ")}`);
}

/** Median milliseconds of each stage of a batch alone. */
async function stagesOf(pass: ForwardPass, batch: PackedBatch): Promise<string[]> {
  const timer = new StageTimer(pass.device);
  const lane = new FusedLane(pass);
  const times = new Map<string, number[]>();
  for (let run = 0; run < 10; run++) {
    for (const { stage, ms } of (await lane.run(batch, readAll, timer)).times) {
      times.set(stage, [...(times.get(stage) ?? []), ms]);
    }
  }
  lane.dispose();
  timer.dispose();
  return [...times].map(
    ([stage, all]) => `${stage} ${all.toSorted((a, b) => a - b)[all.length >> 1]!.toFixed(3)}`,
  );
}
