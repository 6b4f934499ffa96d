import { bindFormula, type BoundFormula } from "../../../src/retrieval/formula/bind.ts";
import { withMatched } from "../../../src/retrieval/formula/matched.ts";
import { parseFormula } from "../../../src/retrieval/formula/parse.ts";
import { tasksOf } from "../../../src/retrieval/model-spec.ts";
import type { Artifact } from "../../compile/artifact.ts";
import { formulaReads } from "../../compile/formula-columns.ts";
import { WeightsReader } from "../../compile/weights-reader.ts";
import type { GpuDevice } from "../../device/gpu-device.ts";
import { compileKernel } from "../../device/kernel.ts";
import { BUFFER_USAGE } from "../../device/webgpu.ts";
import { bestByValueKernel, sortingBytes } from "../../kernels/ranking/best-by-value.ts";
import {
  FORMULA_TILE,
  formulaValuesKernel,
  OTHER_BUFFERS,
  type RecordChunks,
} from "../../kernels/ranking/candidate-values.ts";
import {
  itemRecord,
  type CachePrecision,
  type ItemRecord,
} from "../../kernels/ranking/item-record.ts";
import type { MolTiling } from "../../kernels/ranking/mol-shape.ts";
import { unionKernel } from "../../kernels/ranking/union.ts";
import type { RankingStage } from "../fused/stages.ts";
import { readColumns } from "../request-reader.ts";
import { FreshCandidates } from "./fresh-candidates.ts";
import { loadRecords, type RecordChunk } from "./load-records.ts";
import { openMlp } from "./mlp-over-arch.ts";
import { openMol } from "./mol-over-arch.ts";
import type { DeviceOverArch, OverArchParts } from "./over-arch.ts";
import { DeviceRankingLane, type RankingParts, type ValuesParts } from "./ranking-lane.ts";
import { WeightsPack } from "./weights-pack.ts";

export interface RankingOptions {
  /**
   * How the embedding cache is kept. In half precision it takes half the memory and the values of an
   * 8 x 4 x 64 mixture at temperature 0.05 err by 3e-4, in float32 by 4e-7.
   */
  readonly precision?: CachePrecision;
  /** Items whose records lie in one buffer; absent: as many as can be bound. */
  readonly rowsOfChunk?: number;
  /** How a mixture of logits is computed; absent: as is usual. */
  readonly mol?: MolTiling;
  /** Chunks of records that a dispatch sees; absent: as many as is usual. */
  readonly chunksAtOnce?: number;
  /** Items and their records, made on the device instead of read from the artifact. */
  readonly madeUp?: {
    readonly items: number;
    readonly records: (record: ItemRecord, formula: BoundFormula) => Promise<RecordChunk[]>;
  };
}

/**
 * Puts what ranks candidates on the device: embedding cache, OverArch, Value Model.
 *
 * @returns null where an item's value is its score and there is one head: then the list of the
 *   search is the answer.
 * @throws HarnessError DATA if the artifact is damaged, BAD_INPUT if the OverArch is too large for
 *   the device's kernels, UNAVAILABLE if the device has no room.
 */
export async function openRankingStage(
  device: GpuDevice,
  artifact: Artifact,
  options: RankingOptions = {},
): Promise<RankingStage | null> {
  const { items, model, scoreOnly } = artifact.manifest;
  if (scoreOnly && model.heads === 1) return null;
  await using reader = await WeightsReader.open(artifact);
  const values = scoreOnly ? null : await openValues(device, artifact, { reader, options });
  const chunks = values?.records.chunks ?? 1;
  const freshFrom = values?.records.freshFrom;
  const itemsOfChunk = values?.records.itemsOfChunk ?? options.madeUp?.items ?? items;
  const sorted = sortedEntries(device);
  const best = (entries: number | null): Promise<RankingParts["best"]> =>
    compileKernel(
      device,
      "best-by-value",
      bestByValueKernel({ boundsWidth: chunks + 1, sorted: entries }),
    );
  const parts: RankingParts = {
    heads: model.heads,
    chunks,
    union: await compileKernel(
      device,
      "union",
      unionKernel({ heads: model.heads, chunks, itemsOfChunk, freshFrom }),
    ),
    values,
    sorted,
    best: await best(sorted),
    manyBest: await best(null),
  };
  return {
    lane: (buffers, capacity, features) =>
      new DeviceRankingLane(device, parts, { buffers, capacity, features }),
  };
}

interface ValuesOptions {
  readonly reader: WeightsReader;
  readonly options: RankingOptions;
}

async function openValues(
  device: GpuDevice,
  artifact: Artifact,
  { reader, options }: ValuesOptions,
): Promise<ValuesParts> {
  const { manifest } = artifact;
  const formula = await boundFormula(artifact);
  const pack = new WeightsPack();
  const overArch = await openOverArch({ device, reader, manifest, pack }, options);
  const wanted = overArch?.parts ?? [];
  const record = itemRecord(wanted, formulaReads(formula));
  const sources = wanted.map(({ tensor, byPlace }, at) => ({
    part: record.parts[at]!,
    tensor,
    byPlace,
  }));
  const { items } = manifest;
  const { madeUp, rowsOfChunk } = options;
  const chunks =
    madeUp === undefined
      ? await loadRecords(device, reader, { record, items, sources, rowsOfChunk })
      : await madeUp.records(record, formula);
  const { heads } = manifest.model;
  const { dim } = manifest;
  const freshFrom = madeUp?.items ?? items;
  const sorted = sortedEntries(device);
  const tasks = tasksOf(manifest.model).length;
  const atOnce = options.chunksAtOnce ?? overArch?.chunksAtOnce ?? chunks.length;
  const records = { ...recordChunks(device, chunks, atOnce), freshFrom };
  const shape = { formula, tasks, record, records };
  const { UNIFORM, COPY_DST } = BUFFER_USAGE;
  return {
    overArch,
    weights: device.bufferOf("ranking.weights", pack.toArray()),
    records,
    chunks: chunks.map(({ buffer }) => buffer),
    firsts: Array.from({ length: records.chunks }, (_, at) =>
      device.bufferOf("ranking.chunk", Uint32Array.of(at, 0, 0, 0), UNIFORM | COPY_DST),
    ),
    fresh: new FreshCandidates(device, { heads, dim, items: freshFrom, record, sorted }),
    noFresh: device.buffer("fresh.none", 4 * record.words),
    ...(overArch === null
      ? {
          kernel: await compileKernel(device, "formula-values", formulaValuesKernel(shape)),
          tile: FORMULA_TILE,
        }
      : await overArch.values(shape)),
  };
}

/** @param most chunks that a dispatch had best see. */
function recordChunks(
  { limits }: GpuDevice,
  chunks: readonly { readonly rows: number }[],
  most: number,
): RecordChunks {
  const room = limits.maxStorageBuffersPerShaderStage - OTHER_BUFFERS;
  return {
    // One more, of the fresh items: in a dispatch of its own, where the others fill theirs.
    chunks: chunks.length + 1,
    itemsOfChunk: chunks[0]!.rows,
    bound: Math.min(chunks.length, room, most),
  };
}

async function openOverArch(
  parts: OverArchParts,
  { precision = "float32", mol }: RankingOptions,
): Promise<DeviceOverArch | null> {
  switch (parts.manifest.model.overarch) {
    case "none":
      return null;
    case "mol":
      return await openMol(parts, { precision, tiling: mol });
    case "mlp":
      return await openMlp(parts, { precision });
  }
}

async function boundFormula(artifact: Artifact): Promise<BoundFormula> {
  const { model } = artifact.manifest;
  const { columns } = await readColumns(artifact);
  const formula = parseFormula(model.value);
  return bindFormula(formula, { tasks: tasksOf(model), columns: withMatched(columns, formula) });
}

/** Entries that are sorted in workgroup memory: as many as it holds, a power of two. */
function sortedEntries({ limits }: GpuDevice): number {
  let entries = 1;
  while (sortingBytes(2 * entries) <= limits.maxComputeWorkgroupStorageSize) entries *= 2;
  return entries;
}
