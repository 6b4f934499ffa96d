import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { atomicFolder } from "../../src/dataset/cache-folder.ts";
import type { Dataset, OnProgress } from "../../src/dataset/dataset.ts";
import { HarnessError } from "../../src/errors.ts";
import { requireKernels } from "../../src/onnx/cuda-kernels.ts";
import type { Device } from "../../src/onnx/device.ts";
import { WeightsFile } from "../../src/onnx/weights-file.ts";
import type { Column } from "../../src/retrieval/catalogue.ts";
import type { ModelSpec } from "../../src/retrieval/model-spec.ts";
import { createModel } from "../../src/retrieval/model.ts";
import { indexAttributes, type AttributeIndex } from "../eligibility/attribute-index.ts";
import { bitmapLayout, type BitmapLayout } from "../eligibility/bitmap-layout.ts";
import { bitmapTable } from "../eligibility/bitmap-table.ts";
import { foldLayout } from "../eligibility/fold.ts";
import { signatureBitCount, type Signatures } from "../eligibility/signature.ts";
import { cellCount } from "../eligibility/cells.ts";
import type { BitmapWeights } from "../graph/bitmap-eligibility.ts";
import type { CellWeights } from "../graph/cell-eligibility.ts";
import { formOf } from "../graph/device-form.ts";
import { retrievalGraph } from "../graph/retrieval-graph.ts";
import { addCellColumns, addCellRows } from "./cell-weights.ts";
import { clusteredLayout, clusterItems, defaultClusters } from "./clusters.ts";
import { addClusteredItems, addItems, type ItemWeights } from "./item-weights.ts";
import { addFoldedItems } from "./folded-items.ts";
import { addLayers, inOrder } from "./layer-weights.ts";
import {
  ARTIFACT_SCHEMA,
  graphFile,
  MANIFEST_FILE,
  sealManifest,
  WEIGHTS_FILE,
  type ArtifactSettings,
  type ManifestColumn,
  type ManifestFile,
} from "./manifest.ts";
import { addRanking } from "./ranking-weights.ts";

export interface CompileOptions {
  readonly dataset: Dataset;
  readonly model: ModelSpec;
  readonly settings: ArtifactSettings;
  /** Where clusters are looked for; default: the processor. */
  readonly device?: Device;
  /** Threads of what ONNX Runtime computes. */
  readonly threads: number;
  /** Made whole or not at all; one that is there is left alone. */
  readonly folder: string;
  readonly onProgress: OnProgress;
}

/** Devices a graph is written for. */
const DEVICES = ["cpu", "cuda", "webgpu"] as const;

/**
 * Compiles a dataset and a model into one artifact: graph and weights, everything that retrieval
 * needs from user features to ids.
 *
 * @throws HarnessError BAD_INPUT if the model does not fit the dataset; DATA if the disk is full.
 */
export async function compileArtifact(options: CompileOptions): Promise<void> {
  await atomicFolder(options.folder, (temporary) => fill(temporary, options));
}

async function fill(folder: string, options: CompileOptions): Promise<void> {
  const { dataset, model: spec, settings, onProgress } = options;
  const { catalogue, users } = dataset;
  const model = createModel(spec, {
    userDim: users.dim,
    dim: catalogue.dim,
    denseDim: catalogue.denseDim,
  });
  requireFoldable(options, model.scoreOnly);
  await using file = await WeightsFile.create(join(folder, WEIGHTS_FILE));
  const { layout, placeOf, ...items } = await addCatalogue(file, options);
  const userTable = await file.add("users", "float32", [users.count, users.dim], users.features);
  const tower = await addLayers(file, "tower", model.layers);
  const ranking = await addRanking(file, model, { catalogue, onProgress });
  await file.add("items.ids", "float64", [catalogue.count], catalogue.ids);
  await file.add("users.ids", "float64", [users.count], users.ids);

  onProgress("indexing the attributes", 0);
  const index = indexAttributes(catalogue.columns, bloomOf(catalogue.columns, settings));
  const columns = await addColumns(file, catalogue.columns, index);
  const progress = (done: number): void => onProgress("writing the bitmaps", done / index.rows);
  const bitmaps = counted(bitmapTable(index, catalogue.columns, layout), progress);
  const byBitmaps = await addBitmaps(file, { index, layout, bitmaps });
  const isChecked = settings.eligibility.kind === "bloom" && settings.eligibility.exact;
  const isFolded = settings.eligibility.kind === "folded";
  const cells = isChecked || isFolded ? await addCellRows(file, catalogue, index) : null;
  const places = layout.paddedItems;
  const byCells: CellWeights = {
    kind: "cells",
    cells: await addCellColumns(file, catalogue, { index, places, placeOf }),
    padding: items.clusters?.padding ?? null,
  };

  const layoutOfFold = isFolded ? foldLayout(catalogue.columns) : null;
  const folded =
    layoutOfFold === null || cells === null
      ? null
      : { items: await addFoldedItems(file, catalogue, { layout: layoutOfFold, places }), cells };

  const files: ManifestFile[] = [
    { name: WEIGHTS_FILE, bytes: file.bytes, sha256: await file.finish() },
  ];
  for (const device of DEVICES) {
    const form = formOf(device);
    const eligibility =
      form.eligibility === "bitmaps"
        ? { eligibility: byBitmaps, cells: isChecked ? cells : null, folded }
        : { eligibility: byCells, cells: null, folded: null };
    const graph = retrievalGraph(
      { users: userTable, tower, ...items, ...eligibility, ranking },
      { heads: spec.heads, candidates: spec.candidates, items: catalogue.count, form },
    );
    requireKernels(graph, device);
    files.push(await writeWhole(folder, graphFile(device), graph.toBytes()));
  }
  const manifest = sealManifest({
    schema: ARTIFACT_SCHEMA,
    dataset: { name: dataset.name, hash: dataset.hash },
    model: spec,
    settings,
    items: catalogue.count,
    dim: catalogue.dim,
    users: users.count,
    userDim: users.dim,
    columns,
    bitmapRows: index.rows,
    signatures: index.signatures,
    folded: layoutOfFold,
    checked: isChecked,
    scoreOnly: model.scoreOnly,
    clusters: items.clusters?.padding.dims[0] ?? null,
    clusterWidth: items.clusters?.padding.dims[1] ?? null,
    files,
    tensors: file.tensors,
  });
  await writeWhole(folder, MANIFEST_FILE, Buffer.from(manifest));
}

/** @throws HarnessError BAD_INPUT where folding is asked of a graph that has no use for it. */
function requireFoldable({ settings }: CompileOptions, scoreOnly: boolean): void {
  const { eligibility, precision, clusters } = settings;
  if (eligibility.kind !== "folded") return;
  if (scoreOnly && precision === "float32" && clusters === null) return;
  throw new HarnessError(
    "BAD_INPUT",
    `filters are folded into the product of every float32 item with a model that ranks by the score; came precision ${precision}, ${clusters === null ? "no" : "some"} clusters, a model that ${scoreOnly ? "does" : "does not"}`,
    { where: "eligibility", hint: "set eligibility: exact" },
  );
}

/** Where items lie: by row, or by cluster. */
interface Placement {
  readonly layout: BitmapLayout;
  readonly placeOf: (row: number) => number;
}

/** Writes the items, sorted by cluster where the settings want clusters. */
async function addCatalogue(
  file: WeightsFile,
  { dataset: { catalogue }, model, settings, device, threads, onProgress }: CompileOptions,
): Promise<ItemWeights & Placement> {
  if (settings.clusters === null) {
    const layout = bitmapLayout(catalogue.count);
    onProgress("writing the embeddings", 0);
    const items = await addItems(file, catalogue, { settings, layout });
    return { layout, placeOf: (row) => row, ...items };
  }
  const clusters = await clusterItems(catalogue, {
    wished: settings.clusters === "auto" ? defaultClusters(catalogue.count) : settings.clusters,
    seed: model.seed,
    // Its products are plain enough for any processor; on CUDA they take a small part of the time.
    device: device === "cuda" ? "cuda" : "cpu",
    threads,
    onProgress: (fraction) => onProgress("finding clusters", fraction),
  });
  onProgress("writing the embeddings", 0);
  const items = await addClusteredItems(file, catalogue, { settings, clusters });
  const layout = clusteredLayout(catalogue.count, clusters);
  return { layout, placeOf: (row) => clusters.positions[row]!, ...items };
}

/** What the planner of filters reads: vocabularies and distinct numbers. */
function addColumns(
  file: WeightsFile,
  columns: readonly Column[],
  index: AttributeIndex,
): Promise<ManifestColumn[]> {
  return inOrder(columns, async (column, at) => {
    const entry = index.columns[at]!;
    if (column.kind === "categorical") {
      const vocabulary = Buffer.from(JSON.stringify(column.vocabulary));
      await file.add(vocabularyTensor(at), "uint8", [vocabulary.length], vocabulary);
    }
    if (entry.kind === "numeric") {
      await file.add(distinctTensor(at), "float32", [entry.distinct.length], entry.distinct);
    }
    const { name, kind } = column;
    const described = { name, kind, cells: cellCount(column) };
    if (entry.kind === "signed") {
      return { ...described, firstRow: 0, digits: NO_DIGITS, slots: 0 };
    }
    const { firstRow, digits } = entry;
    const slots = entry.kind === "categorical" ? entry.slots : 1;
    return { ...described, firstRow, digits, slots };
  });
}

/** A column that signatures stand for has no rows of its own. */
const NO_DIGITS = { base: 0, count: 0 };

function bloomOf(
  columns: readonly Column[],
  { eligibility }: ArtifactSettings,
): Pick<Signatures, "bits" | "hashes"> | null {
  if (eligibility.kind !== "bloom") return null;
  const { hashes } = eligibility;
  return { hashes, bits: signatureBitCount(columns, eligibility) };
}

export const vocabularyTensor = (column: number): string => `column.${column}.vocabulary`;
export const distinctTensor = (column: number): string => `column.${column}.distinct`;

interface BitmapParts {
  readonly index: AttributeIndex;
  readonly layout: BitmapLayout;
  readonly bitmaps: Iterable<Uint8Array>;
}

async function addBitmaps(
  file: WeightsFile,
  { index, layout, bitmaps }: BitmapParts,
): Promise<BitmapWeights> {
  return {
    kind: "bitmaps",
    blockWords: layout.blockWords,
    penalties: await file.add("penalties", "float32", [256, 8], bitPenalties()),
    bitmaps: await file.add("bitmaps", "uint64", [index.rows, layout.words], bitmaps),
  };
}

/** Of each byte and each of its bits: 0 where it is set, -inf where it is not. */
function bitPenalties(): Float32Array {
  return Float32Array.from({ length: 256 * 8 }, (_, at) =>
    ((at >> 3) >> (at & 7)) & 1 ? 0 : -Infinity,
  );
}

async function writeWhole(folder: string, name: string, bytes: Uint8Array): Promise<ManifestFile> {
  await writeFile(join(folder, name), bytes, { flush: true });
  return { name, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}

function* counted<T>(all: Iterable<T>, onCount: (done: number) => void): Generator<T> {
  let done = 0;
  for (const one of all) {
    yield one;
    done++;
    if (done % 64 === 0) onCount(done);
  }
}
