/**
 * How fast the fused engine searches: `npm run bench:fused [-- --clusters 4096 --width 2432 ...]`.
 * A random catalogue is made on the device and searched by the engine's own kernels. First some
 * answers are compared with the host's. Then, for each filter and batch size: wall time with the
 * results on the host, with as many batches in flight as are fastest (the median of several passes)
 * and alone; and, from timestamps, each stage with the bytes that it must move at least and its share
 * of a device copy, measured at the start. `--beside FILE` holds it against Meta's open ops, which
 * meta-ops/meta_ops.py measured on this host just before, their number of batches in flight chosen alike.
 */
import { Random } from "../../src/math/random.ts";
import { GpuDevice } from "../device/gpu-device.ts";
import { StageTimer } from "../device/passes.ts";
import { copied, readAll } from "../engine/fused/answers.ts";
import { FusedLane, type ForwardPass } from "../engine/fused/fused-lane.ts";
import { packBatch, type PackedBatch } from "../engine/fused/pack-batch.ts";
import { searchKernels } from "../engine/fused/search-kernels.ts";
import type { QueryStage } from "../engine/fused/stages.ts";
import type { EngineQuery } from "../engine/query.ts";
import type { SearchShape } from "../kernels/search/search-shape.ts";
import { type BenchFilter, narrowFilter, wideFilter } from "./fused/bench-filters.ts";
import { type BenchSize, benchSize } from "./fused/bench-size.ts";
import { against, runBeside } from "./fused/beside.ts";
import { copySpeed, readSpeed } from "./fused/copy-speed.ts";
import { enoughProbes, sampleSize } from "./fused/enough-probes.ts";
import { inFlight, median, ratesOf } from "./fused/in-flight.ts";
import { expectedScores } from "./fused/sample-check.ts";
import { stageBytes } from "./fused/stage-bytes.ts";
import { syntheticIndex } from "./fused/synthetic-index.ts";

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const size = benchSize(process.argv.slice(2));
const beside = size.beside === null ? null : await runBeside(size.beside, size);
const random = new Random(1);

await using device = await GpuDevice.open({
  allowSoftware: size.allowSoftware,
  timestamps: true,
});
const shape: SearchShape = {
  dim: size.dim,
  heads: size.heads,
  clusters: size.clusters,
  width: size.width,
  bitmapRows: size.rows,
  cells: 0,
  hasPositions: false,
};
const copyBytesPerMs = await copySpeed(device);
const readBytesPerMs = await readSpeed(device);
const startMs = performance.now();
const index = await syntheticIndex(device, shape);
const kernels = await searchKernels(device, index, size);
const pass: ForwardPass = {
  device,
  index,
  kernels,
  query: givenQueries(device),
  ranking: null,
  fresh: null,
};
say(
  `${device.adapter.device}: ${index.items} items of ${size.dim} dimensions in ${size.clusters} clusters, ` +
    `${index.parts.length} part(s), ${size.rows} bitmap rows; ${size.heads} head(s), ${size.probes} probes, k ${size.k}; ` +
    `${(device.memoryBytes / 2 ** 30).toFixed(1)} GiB, made in ${((performance.now() - startMs) / 1000).toFixed(1)} s; ` +
    `a device copy moves ${(copyBytesPerMs / 1e9).toFixed(2)} TB/s, reading alone ${(readBytesPerMs / 1e9).toFixed(2)}`,
);

for (const filter of size.filters) {
  const makeFilter = filterOf(filter, size);
  const probes = filter === "wide" ? await probesFor(makeFilter) : size.probes;
  for (const requests of size.batches) await measure({ filter, makeFilter, probes }, requests);
}

/** Queries as they come with the requests. */
function givenQueries(on: GpuDevice): QueryStage {
  return {
    lane: ({ queries }) => ({
      features: queries,
      upload: ({ given }) => on.queue.writeBuffer(queries, 0, given),
      record: () => {},
      dispose: () => {},
    }),
  };
}

function filterOf(name: string, { rows }: BenchSize): MakeFilter {
  const draw = (): number => 1 + random.int(rows - 1);
  if (name === "narrow") return () => narrowFilter(draw);
  if (name === "wide") return () => wideFilter(draw);
  return () => null;
}

type MakeFilter = () => BenchFilter | null;

function queryOf(filter: BenchFilter | null): EngineQuery {
  return {
    user: { kind: "vectors", vectors: vectorsOf(size.heads * size.dim) },
    k: size.k,
    plan: filter?.plan ?? null,
    exclude: new Uint32Array(0),
  };
}

/** The probes that recall takes, which is told; those of the command line where it takes too much. */
async function probesFor(makeFilter: MakeFilter): Promise<number> {
  const filters = Array.from({ length: sampleSize(pass) }, makeFilter);
  if (filters.length === 0) {
    say("\nso many items are not all searched at once: recall is not measured");
    return size.probes;
  }
  const tried = await enoughProbes(pass, filters.map(queryOf), size);
  const { probes, recall, short, lists } = tried.at(-1)!;
  const before = tried.slice(0, -1).map((each) => `${each.recall.toFixed(3)} with ${each.probes}`);
  say(
    `\n${filters[0]!.name}: recall ${recall.toFixed(3)} with ${probes} probes, ${short} of ${lists} answers short (${before.join(", ")})`,
  );
  return probes;
}

interface Work {
  readonly filter: string;
  readonly makeFilter: MakeFilter;
  readonly probes: number;
}

async function measure({ filter, makeFilter, probes }: Work, requests: number): Promise<void> {
  const filters = Array.from({ length: requests }, makeFilter);
  const queries = filters.map(queryOf);
  const { heads, clusters, k, mayChain } = size;
  const packMs = performance.now();
  const settings = { heads, clusters, probes, places: k, candidates: k, mayChain };
  const batch = packBatch(queries, settings);
  const packedMs = performance.now() - packMs;
  const checked = await check(batch, queries, filters);
  const flight = await inFlight(pass, batch, size);
  const stages = await stageTimes(batch);
  const alone = await timesAlone(batch);
  const name = filters[0]?.name ?? "no filter";
  say(
    `\n${name}, ${probes} probes, batch ${requests}: ${ratesOf(requests, flight.ms)}, ` +
      `${median(flight.ms).toFixed(3)} ms a batch, ${flight.lanes} in flight, ` +
      `alone ${alone.toFixed(3)} ms; packing ${packedMs.toFixed(2)} ms; ${checked}`,
  );
  if (beside !== null) {
    const requestsPerSecond = (requests / median(flight.ms)) * 1000;
    const ours = { requestsPerSecond, aloneMs: alone };
    say(`  ${against(beside, { filter, probes, requests }, ours)}`);
  }
  for (const { stage, ms } of stages) {
    const bytes = stageBytes(stage, shape, batch.search, filters[0] ?? null);
    const speed =
      bytes === null
        ? ""
        : `${(bytes / 1e6).toFixed(1).padStart(9)} MB ${(bytes / ms / 1e9).toFixed(2).padStart(6)} TB/s ${((100 * bytes) / ms / copyBytesPerMs).toFixed(0).padStart(4)}% of a copy`;
    say(`  ${stage.padEnd(20)} ${ms.toFixed(4).padStart(8)} ms ${speed}`);
  }
}

function vectorsOf(length: number): Float32Array {
  return Float32Array.from({ length }, () => random.gaussian());
}

/** Compares the first and the last list's scores with the host's; they must be equal. */
async function check(
  batch: PackedBatch,
  queries: readonly EngineQuery[],
  filters: readonly (BenchFilter | null)[],
): Promise<string> {
  const lane = new FusedLane(pass);
  const { result: answers } = await lane.run(batch, copied);
  lane.dispose();
  const { heads, dim, k } = size;
  const { probes } = batch.search;
  const lists = queries.length * heads;
  let equal = 0;
  let all = 0;
  for (const list of new Set([0, lists - 1])) {
    const request = Math.floor(list / heads);
    const { user } = queries[request]!;
    const vectors = user.kind === "vectors" ? user.vectors : new Float32Array(0);
    const head = list % heads;
    const query = vectors.subarray(head * dim, (head + 1) * dim);
    const filter = filters[request]?.bits ?? null;
    const wanted = expectedScores(index, query, { probes, k, filter });
    const first = list * answers.width;
    const found = answers.values.subarray(first, first + answers.counts[list]!);
    all += Math.max(wanted.length, found.length);
    equal += wanted.filter(
      (score, at) => Math.abs(score - found[at]!) <= 1e-5 * Math.abs(score),
    ).length;
  }
  if (equal < all) throw new Error(`only ${equal} of ${all} checked scores are the host's`);
  return `${equal} of ${all} checked scores are the host's`;
}

/** The median of each stage, of a batch alone. */
async function stageTimes(batch: PackedBatch): Promise<{ stage: string; ms: number }[]> {
  if (!device.hasTimestamps) return [];
  const timer = new StageTimer(device);
  const lane = new FusedLane(pass);
  const runs = [];
  for (let n = 0; n < 15; n++) runs.push((await lane.run(batch, readAll, timer)).times);
  lane.dispose();
  timer.dispose();
  const settled = runs.slice(3);
  return settled[0]!.map(({ stage }, at) => ({
    stage,
    ms: median(settled.map((times) => times[at]!.ms)),
  }));
}

async function timesAlone(batch: PackedBatch): Promise<number> {
  const lane = new FusedLane(pass);
  const times: number[] = [];
  for (let n = 0; n < Math.min(30, Math.max(6, size.repeats)); n++) {
    const beganMs = performance.now();
    await lane.run(batch, readAll);
    times.push(performance.now() - beganMs);
  }
  lane.dispose();
  return median(times.slice(3));
}
