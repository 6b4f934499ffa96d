import type { GpuDevice } from "../../device/gpu-device.ts";
import { bind, compileKernel, linearGrid, type Kernel } from "../../device/kernel.ts";
import { PlainRecorder } from "../../device/passes.ts";
import { indexParts, uniformOf, type DeviceIndex } from "../../engine/fused/device-index.ts";
import { clusterWords, codeVectors, type SearchShape } from "../../kernels/search/search-shape.ts";
import {
  CENTROIDS_SEED,
  SYNTHETIC_WORDS,
  syntheticCode,
  syntheticCodesGroups,
  syntheticCodesKernel,
  syntheticGroups,
  syntheticWord,
} from "../../kernels/search/synthetic-tables.ts";

const CODES_SEED = 17;
const BITMAPS_SEED = 5;
/** Of each part's tables another one. */
const PART_SEED = 7919;

/**
 * A catalogue of codes around centroids and of random bitmaps, made on the device; row 0 of the
 * bitmaps is all items.
 */
export async function syntheticIndex(device: GpuDevice, shape: SearchShape): Promise<DeviceIndex> {
  const words = await compileKernel(device, "synthetic-words", SYNTHETIC_WORDS);
  const codes = await compileKernel(device, "synthetic-codes", syntheticCodesKernel(shape));
  const run = (
    kernel: Kernel,
    buffer: GPUBuffer,
    extent: readonly number[],
    groups: number,
  ): void => {
    const bound = bind(device, kernel, [buffer, uniformOf(device, extent)]);
    device.submit("fill", (encoder) => {
      const recorder = new PlainRecorder(encoder);
      recorder.run(bound, linearGrid(groups));
      recorder.end();
    });
  };
  const { clusters, width, dim, bitmapRows } = shape;
  const parts = indexParts(device, shape);
  for (const [at, part] of parts.entries()) {
    const items = part.clusters * width;
    const codeWords = items * codeVectors(shape) * 4;
    const ofCodes = [CODES_SEED + at * PART_SEED, codeWords, part.firstCluster];
    run(codes, part.codes, ofCodes, syntheticCodesGroups(codeWords));
    const rowWords = clusterWords(shape);
    const bitmapWords = part.clusters * bitmapRows * rowWords;
    const ofBitmaps = [BITMAPS_SEED + at * PART_SEED, bitmapWords, rowWords, bitmapRows];
    run(words, part.bitmaps, ofBitmaps, syntheticGroups(bitmapWords));
  }
  const items = clusters * width;
  const index: DeviceIndex = {
    shape,
    items,
    parts,
    scales: device.bufferOf(
      "scales",
      Float32Array.from({ length: items }, (_, at) => scaleOf(at)),
    ),
    rows: device.bufferOf(
      "rows",
      Uint32Array.from({ length: items }, (_, at) => at),
    ),
    positions: null,
    centroids: device.bufferOf("centroids", centroids(clusters, dim)),
    spread: null,
    vectors: [],
  };
  await device.settle(device.queue.onSubmittedWorkDone());
  return index;
}

/** What a code of 1 of an item stands for. */
export const scaleOf = (position: number): number => Math.fround((1 + (position % 97) / 97) / 127);

/** float32 [clusters, dim], between -1 and 1. */
export function centroids(clusters: number, dim: number): Float32Array<ArrayBuffer> {
  return Float32Array.from(
    { length: clusters * dim },
    (_, at) => syntheticWord(at, CENTROIDS_SEED) / 2 ** 31 - 1,
  );
}

/** The codes of an item of a part, a cluster's. */
export function codesOf(
  shape: SearchShape,
  { part, cluster, local }: { part: number; cluster: number; local: number },
): Int8Array {
  const words = codeVectors(shape) * 4;
  const seed = CODES_SEED + part * PART_SEED;
  return Int8Array.from({ length: shape.dim }, (_, d) => {
    const word = syntheticWord(local * words + (d >> 2), seed);
    const centre = syntheticWord(cluster * shape.dim + d, CENTROIDS_SEED) >>> 24;
    return syntheticCode(word, d & 3, centre);
  });
}

/** A word of a part's bitmaps: of 32 items in one row. */
export function bitmapWord(
  shape: SearchShape,
  { part, cluster, row, word }: { part: number; cluster: number; row: number; word: number },
): number {
  if (row === 0) return 0xffff_ffff;
  const at = (cluster * shape.bitmapRows + row) * clusterWords(shape) + word;
  return syntheticWord(at, BITMAPS_SEED + part * PART_SEED);
}
