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
import { signatureBitCount, type Signatures } from "../eligibility/signature.ts";
import { cellCount } from "../eligibility/cells.ts";
import { formOf } from "../graph/device-form.ts";
import { retrievalGraph } from "../graph/retrieval-graph.ts";
import { clusteredLayout, clusterItems, defaultClusters } from "./clusters.ts";
import { addEligibility } from "./eligibility-weights.ts";
import { addClusteredItems, addItems, type ItemWeights } from "./item-weights.ts";
import type { KeptItems } from "./kept-items.ts";
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
import { addValueCounts, valueCounts } from "./value-counts.ts";

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
  /** Items of which another artifact of this model tells; what comes out is the same without. */
  readonly kept?: KeptItems;
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
  const { dataset, model: spec, settings, kept = null, onProgress } = options;
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
  const ranking = await addRanking(file, model, { spec, catalogue, kept, onProgress });
  await file.add("items.ids", "float64", [catalogue.count], catalogue.ids);
  await file.add("users.ids", "float64", [users.count], users.ids);

  onProgress("indexing the attributes", 0);
  const index = indexAttributes(catalogue.columns, bloomOf(catalogue.columns, settings), (done) =>
    onProgress("indexing the attributes", done / catalogue.columns.length),
  );
  const columns = await addColumns(file, catalogue.columns, index);
  await addValueCounts(file, valueCounts(catalogue.columns, index.columns));
  const eligibility = await addEligibility(file, catalogue, {
    settings: settings.eligibility,
    index,
    layout,
    placeOf,
    padding: items.clusters?.padding ?? null,
    onProgress,
  });

  const files: ManifestFile[] = [
    { name: WEIGHTS_FILE, bytes: file.bytes, sha256: await file.finish() },
  ];
  for (const device of DEVICES) {
    const form = formOf(device);
    const graph = retrievalGraph(
      { users: userTable, tower, ...items, ...eligibility.of(form), ranking },
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
    denseDim: catalogue.denseDim,
    columns,
    bitmapRows: index.rows,
    signatures: index.signatures,
    folded: eligibility.folded,
    checked: eligibility.checked,
    scoreOnly: model.scoreOnly,
    clusters: items.clusters?.padding.dims[0] ?? null,
    clusterWidth: items.clusters?.padding.dims[1] ?? null,
    clusterSpread: items.clusters?.spread ?? null,
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
  const onWritten = (fraction: number): void => onProgress("writing the embeddings", fraction);
  if (settings.clusters === null) {
    const layout = bitmapLayout(catalogue.count);
    const items = await addItems(file, catalogue, { settings, layout, onWritten });
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
  const items = await addClusteredItems(file, catalogue, { settings, clusters, onWritten });
  const layout = clusteredLayout(catalogue.count, clusters);
  return { layout, placeOf: (row) => clusters.positions[row]!, ...items };
}

/** What the planner of filters reads: vocabularies and distinct numbers. */
export function addColumns(
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

/** Sizes of the signatures that settings want of columns; null: none. */
export function bloomOf(
  columns: readonly Column[],
  { eligibility }: ArtifactSettings,
): Pick<Signatures, "bits" | "hashes"> | null {
  if (eligibility.kind !== "bloom") return null;
  const { hashes } = eligibility;
  return { hashes, bits: signatureBitCount(columns, eligibility) };
}

export const vocabularyTensor = (column: number): string => `column.${column}.vocabulary`;
export const distinctTensor = (column: number): string => `column.${column}.distinct`;

export async function writeWhole(
  folder: string,
  name: string,
  bytes: Uint8Array,
): Promise<ManifestFile> {
  await writeFile(join(folder, name), bytes, { flush: true });
  return { name, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}
