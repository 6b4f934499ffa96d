import { BUFFER_USAGE } from "../../device/webgpu.ts";
import type { GpuDevice } from "../../device/gpu-device.ts";
import { clusterWords, codeVectors, type SearchShape } from "../../kernels/search/search-shape.ts";

/** Clusters whose tables lie in buffers of their own, none larger than a kernel can bind. */
export interface IndexPart {
  readonly firstCluster: number;
  readonly clusters: number;
  /** uint32 [positions of the part, vectors x 4]: 8-bit codes, four a word. */
  readonly codes: GPUBuffer;
  /** uint32 [clusters of the part, rows, words of a cluster] */
  readonly bitmaps: GPUBuffer;
  /** int32 [positions of the part, cells]; null: nothing is checked. */
  readonly cells: GPUBuffer | null;
  /** First cluster and clusters, for kernels. */
  readonly extent: GPUBuffer;
}

/** Embeddings in full precision, in parts of their own. */
export interface VectorPart {
  readonly firstPosition: number;
  readonly positions: number;
  /** float32 [positions of the part, dim] */
  readonly items: GPUBuffer;
  /** First position and positions, for kernels. */
  readonly extent: GPUBuffer;
}

/** What of an artifact the search reads, on the device. */
export interface DeviceIndex {
  readonly shape: SearchShape;
  readonly items: number;
  readonly parts: readonly IndexPart[];
  /** float32 [positions]: what a code of 1 stands for; negative where there is no item. */
  readonly scales: GPUBuffer;
  /** uint32 [positions]; `NO_ROW` where there is no item. */
  readonly rows: GPUBuffer;
  /** uint32 [items]; null: an item lies at its row. */
  readonly positions: GPUBuffer | null;
  /** float32 [clusters, dim]; null: there are no clusters, only stretches that are all scanned. */
  readonly centroids: GPUBuffer | null;
  /** How far items lie from them: src/retrieval/cluster-order.ts; null: it is not known. */
  readonly spread: number | null;
  /** By which candidates are scored again; none: they are not. */
  readonly vectors: readonly VectorPart[];
}

/** The parts an index is cut into, as few as bindings of the device allow; buffers of zeros. */
export function indexParts(
  device: GpuDevice,
  shape: SearchShape,
  bindingBytes: number = device.limits.maxStorageBufferBindingSize,
): IndexPart[] {
  const { clusters, width, bitmapRows, cells } = shape;
  const bytes = {
    codes: width * codeVectors(shape) * 16,
    bitmaps: bitmapRows * clusterWords(shape) * 4,
    cells: width * cells * 4,
  };
  const each = Math.floor(bindingBytes / Math.max(bytes.codes, bytes.bitmaps, bytes.cells));
  return stretches(clusters, Math.min(each, MAX_PART_CLUSTERS)).map(([first, count]) => ({
    firstCluster: first,
    clusters: count,
    codes: device.buffer("index.codes", count * bytes.codes),
    bitmaps: device.buffer("index.bitmaps", count * bytes.bitmaps),
    cells: cells === 0 ? null : device.buffer("index.cells", count * bytes.cells),
    extent: uniformOf(device, [first, count]),
  }));
}

/** A grid's side. */
const MAX_PART_CLUSTERS = 65_535;

/** Buffers of zeros for embeddings in full precision. */
export function vectorParts(
  device: GpuDevice,
  { clusters, width, dim }: SearchShape,
  bindingBytes: number = device.limits.maxStorageBufferBindingSize,
): VectorPart[] {
  const each = Math.floor(bindingBytes / (dim * 4));
  return stretches(clusters * width, each).map(([first, count]) => ({
    firstPosition: first,
    positions: count,
    items: device.buffer("index.vectors", count * dim * 4),
    extent: uniformOf(device, [first, count]),
  }));
}

/** Up to four words that a kernel reads as a uniform. */
export function uniformOf(device: GpuDevice, words: readonly number[]): GPUBuffer {
  const data = new Uint32Array(4);
  data.set(words);
  return device.bufferOf("uniform", data, BUFFER_USAGE.UNIFORM | BUFFER_USAGE.COPY_DST);
}

/** Neighbours in groups of at most `each`: the first of a group, and how many. */
export function stretches(count: number, each: number): [first: number, count: number][] {
  const groups = Math.ceil(count / Math.max(1, each));
  return Array.from({ length: groups }, (_, at) => {
    const first = Math.floor((count * at) / groups);
    return [first, Math.floor((count * (at + 1)) / groups) - first];
  });
}
