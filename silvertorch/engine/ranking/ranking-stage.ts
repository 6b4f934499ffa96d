import { bindFormula, type BoundFormula } from "../../../src/retrieval/formula/bind.ts";
import { parseFormula } from "../../../src/retrieval/formula/parse.ts";
import { tasksOf } from "../../../src/retrieval/model-spec.ts";
import type { Artifact } from "../../compile/artifact.ts";
import { formulaReads } from "../../compile/formula-columns.ts";
import { WeightsReader } from "../../compile/weights-reader.ts";
import type { GpuDevice } from "../../device/gpu-device.ts";
import { compileKernel } from "../../device/kernel.ts";
import { bestByValueKernel, sortingBytes } from "../../kernels/ranking/best-by-value.ts";
import { FORMULA_TILE, formulaValuesKernel } from "../../kernels/ranking/candidate-values.ts";
import { itemRecord, type CachePrecision } from "../../kernels/ranking/item-record.ts";
import { unionKernel } from "../../kernels/ranking/union.ts";
import type { RankingStage } from "../fused/stages.ts";
import { readColumns } from "../request-reader.ts";
import { loadRecords } from "./load-records.ts";
import { openMlp } from "./mlp-over-arch.ts";
import { openMol } from "./mol-over-arch.ts";
import type { DeviceOverArch, OverArchParts } from "./over-arch.ts";
import { DeviceRankingLane, type RankingParts, type ValuesParts } from "./ranking-lane.ts";
import { WeightsPack } from "./weights-pack.ts";

export interface RankingOptions {
  /** How the embedding cache is kept: in half precision logits err by about 1e-3 of their spread. */
  readonly precision?: CachePrecision;
  /** Items whose records lie in one buffer; absent: as many as can be bound. */
  readonly rowsOfChunk?: number;
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
  { precision = "float32", rowsOfChunk }: RankingOptions = {},
): Promise<RankingStage | null> {
  const { items, model, scoreOnly } = artifact.manifest;
  if (scoreOnly && model.heads === 1) return null;
  await using reader = await WeightsReader.open(artifact);
  const values = scoreOnly
    ? null
    : await openValues(device, artifact, { reader, precision, rowsOfChunk });
  const chunks = values?.chunks.length ?? 1;
  const itemsOfChunk = values?.chunks[0]!.rows ?? items;
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
      unionKernel({ heads: model.heads, chunks, itemsOfChunk }),
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

interface ValuesOptions extends Required<Pick<RankingOptions, "precision">> {
  readonly reader: WeightsReader;
  readonly rowsOfChunk: number | undefined;
}

async function openValues(
  device: GpuDevice,
  artifact: Artifact,
  { reader, precision, rowsOfChunk }: ValuesOptions,
): Promise<ValuesParts> {
  const { manifest } = artifact;
  const formula = await boundFormula(artifact);
  const pack = new WeightsPack();
  const overArch = await openOverArch({ device, reader, manifest, pack }, precision);
  const wanted = overArch?.parts ?? [];
  const record = itemRecord(wanted, formulaReads(formula));
  const chunks = await loadRecords(device, reader, {
    record,
    items: manifest.items,
    sources: wanted.map(({ tensor, byPlace }, at) => ({
      part: record.parts[at]!,
      tensor,
      byPlace,
    })),
    rowsOfChunk,
  });
  const tasks = tasksOf(manifest.model).length;
  const shape = { formula, tasks, record, chunks: chunks.length };
  return {
    overArch,
    weights: device.bufferOf("ranking.weights", pack.toArray()),
    chunks: chunks.map(({ buffer, firstRow, rows }, at) => ({
      buffer,
      rows,
      place: device.bufferOf("ranking.chunk", Uint32Array.of(at, firstRow)),
    })),
    ...(overArch === null
      ? {
          kernel: await compileKernel(device, "formula-values", formulaValuesKernel(shape)),
          tile: FORMULA_TILE,
        }
      : await overArch.values(shape)),
  };
}

async function openOverArch(
  parts: OverArchParts,
  precision: CachePrecision,
): Promise<DeviceOverArch | null> {
  switch (parts.manifest.model.overarch) {
    case "none":
      return null;
    case "mol":
      return await openMol(parts, { precision });
    case "mlp":
      return await openMlp(parts, { precision });
  }
}

async function boundFormula(artifact: Artifact): Promise<BoundFormula> {
  const { model } = artifact.manifest;
  const { columns } = await readColumns(artifact);
  return bindFormula(parseFormula(model.value), { tasks: tasksOf(model), columns });
}

/** Entries that are sorted in workgroup memory: as many as it holds, a power of two. */
function sortedEntries({ limits }: GpuDevice): number {
  let entries = 1;
  while (sortingBytes(2 * entries) <= limits.maxComputeWorkgroupStorageSize) entries *= 2;
  return entries;
}
