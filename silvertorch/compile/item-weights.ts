import type { WeightsFile, StoredTensor } from "../../src/onnx/weights-file.ts";
import type { Catalogue } from "../../src/retrieval/catalogue.ts";
import type { BitmapLayout } from "../eligibility/bitmap-layout.ts";
import type { ClusterWeights } from "../graph/cluster-weights.ts";
import type { QuantisedItems } from "../graph/quantised-scoring.ts";
import type { Clusters } from "./clusters.ts";
import type { ArtifactSettings } from "./manifest.ts";
import { float16Bits } from "./float16.ts";
import { itemCodes, itemScales, type ScaleOf } from "./quantisation.ts";

/** What is scanned for candidates, and what scores them. */
export interface ItemWeights {
  readonly items: StoredTensor;
  /** The same in float16; null: not scanned so. */
  readonly half: StoredTensor | null;
  readonly quantised: QuantisedItems | null;
  readonly clusters: ClusterWeights | null;
}

/** Told how much of the items is written, 0..1. */
type OnWritten = (fraction: number) => void;

/** Writes items in the order of their rows. */
export async function addItems(
  file: WeightsFile,
  catalogue: Catalogue,
  {
    settings,
    layout,
    onWritten,
  }: {
    readonly settings: ArtifactSettings;
    readonly layout: BitmapLayout;
    readonly onWritten: OnWritten;
  },
): Promise<ItemWeights> {
  const { count, dim } = catalogue;
  const { paddedItems } = layout;
  const padding = new Float32Array((paddedItems - layout.items) * dim);
  const passed = passes(count * dim, settings, onWritten);
  const pieces = function* (): Generator<Float32Array> {
    for (const block of blocksOf(catalogue)) {
      yield block;
      passed(block.length);
    }
    yield padding;
  };
  const items = await file.add("items", "float32", [paddedItems, dim], pieces());
  if (settings.precision === "float32") {
    return { items, half: null, quantised: null, clusters: null };
  }
  const { embeddings } = catalogue;
  if (settings.precision === "float16") {
    const half = await addHalf(file, items, { settings, embeddings, pieces: pieces() });
    return { items, half, quantised: null, clusters: null };
  }
  const scales = new Float32Array(paddedItems);
  scales.set(itemScales(catalogue, settings.scale));
  const codes = function* (): Generator<Int8Array> {
    let done = 0;
    for (const strip of itemCodes({ count, dim, embeddings }, scales)) {
      yield strip;
      done += strip.length;
      onWritten((1 + done / (dim * paddedItems)) / 2);
    }
  };
  const quantised = {
    scales: await file.add("items.scales", "float32", [paddedItems], scales),
    codes: await file.add("items.codes", "int8", [dim, paddedItems], codes()),
  };
  return { items, half: null, quantised, clusters: null };
}

/** The items again, in float16 and divided by the largest number, if the settings say so. */
async function addHalf(
  file: WeightsFile,
  { dims }: StoredTensor,
  {
    settings,
    pieces,
    embeddings,
  }: {
    readonly settings: ArtifactSettings;
    readonly pieces: Iterable<Float32Array>;
    readonly embeddings: Float32Array;
  },
): Promise<StoredTensor | null> {
  if (settings.precision !== "float16") return null;
  const largest = largestNumber(embeddings);
  function* halves(): Generator<Uint16Array> {
    for (const piece of pieces) {
      for (let at = 0; at < piece.length; at += STEP) {
        yield float16Bits(piece.subarray(at, at + STEP), 1 / largest);
      }
    }
  }
  return await file.add("items.half", "float16", dims, halves());
}

/** Floats written at a time. */
const STEP = 1 << 20;

function* blocksOf(catalogue: Catalogue): Generator<Float32Array> {
  if (catalogue.embeddingBlocks !== undefined) {
    yield* catalogue.embeddingBlocks();
    return;
  }
  const { embeddings } = catalogue;
  for (let at = 0; at < embeddings.length; at += STEP) yield embeddings.subarray(at, at + STEP);
}

/** What tells of numbers, of which there are so many each time the items are gone through. */
function passes(
  numbers: number,
  { precision }: ArtifactSettings,
  onWritten: OnWritten,
): (more: number) => void {
  const all = precision === "float32" ? numbers : 2 * numbers;
  let done = 0;
  return (more) => onWritten(Math.min(1, (done += more) / all));
}

/** By which all are divided, so that scores stay within float16's range; 1 of zeros. */
function largestNumber(embeddings: Float32Array): number {
  let largest = 0;
  for (let at = 0; at < embeddings.length; at++) {
    largest = Math.max(largest, Math.abs(embeddings[at]!));
  }
  return largest === 0 ? 1 : largest;
}

/** Writes items sorted by cluster. */
export async function addClusteredItems(
  file: WeightsFile,
  catalogue: Catalogue,
  {
    settings,
    clusters,
    onWritten,
  }: {
    readonly settings: ArtifactSettings;
    readonly clusters: Clusters;
    readonly onWritten: OnWritten;
  },
): Promise<ItemWeights> {
  const { dim } = catalogue;
  const { count, width, rows, positions, centroids, spread } = clusters;
  const passed = passes(rows.length * dim, settings, onWritten);
  const pieces = (): Generator<Float32Array> => blocks(catalogue, clusters, passed);
  const items = await file.add("items", "float32", [rows.length, dim], pieces());
  const padding = new Float32Array(rows.length).map((_, at) => (rows[at]! < 0 ? -Infinity : 0));
  const weights: ClusterWeights = {
    centroids: await file.add("centroids", "float32", [count, dim], centroids.values),
    spread,
    padding: await file.add("clusters.padding", "float32", [count, width], padding),
    rows: await file.add(
      "clusters.rows",
      "int32",
      [rows.length],
      rows.map((row) => Math.max(0, row)),
    ),
    positions: await file.add(
      "clusters.positions",
      "int32",
      [positions.length],
      new Int32Array(positions),
    ),
    quantised:
      settings.precision === "int8"
        ? await addCodes(file, catalogue, { clusters, scale: settings.scale, pieces: pieces() })
        : null,
  };
  const { embeddings } = catalogue;
  const half = await addHalf(file, items, { settings, embeddings, pieces: pieces() });
  return { items, half, quantised: null, clusters: weights };
}

async function addCodes(
  file: WeightsFile,
  catalogue: Catalogue,
  {
    clusters,
    scale,
    pieces,
  }: {
    readonly clusters: Clusters;
    readonly scale: ScaleOf;
    readonly pieces: Iterable<Float32Array>;
  },
): Promise<NonNullable<ClusterWeights["quantised"]>> {
  const { dim } = catalogue;
  const { count, width, rows } = clusters;
  const ofRows = itemScales(catalogue, scale);
  const scales = new Float32Array(rows.length).map((_, at) =>
    rows[at]! < 0 ? 0 : ofRows[rows[at]!]!,
  );
  function* codes(): Generator<Int8Array> {
    let at = 0;
    for (const embeddings of pieces) {
      yield* itemCodes({ count: width, dim, embeddings }, scales.subarray(at, at + width));
      at += width;
    }
  }
  return {
    scales: await file.add("clusters.scales", "float32", [count, 1, width], scales),
    codes: await file.add("clusters.codes", "int8", [count, dim, width], codes()),
  };
}

/** The embeddings of one cluster after another, filled up with zeros. */
function* blocks(
  { dim, embeddings }: Pick<Catalogue, "dim" | "embeddings">,
  { count, width, rows }: Clusters,
  passed: (numbers: number) => void,
): Generator<Float32Array> {
  for (let cluster = 0; cluster < count; cluster++) {
    const block = new Float32Array(width * dim);
    for (let at = 0; at < width; at++) {
      const row = rows[cluster * width + at]!;
      if (row >= 0) block.set(embeddings.subarray(row * dim, (row + 1) * dim), at * dim);
    }
    yield block;
    passed(block.length);
  }
}
